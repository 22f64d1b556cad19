"""Programs in the responses of a server: what it is asked, what it must return, and a run that is killed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coding_engine import BLOCK, END, code_settings, cut_at_stops, run, tokenizer
from killed_evaluations import kill_after, lines_of
from scripted_server import PROBE, ScriptedServer, answer_to, choice

from still_verl.demo.prepare import prepare
from still_verl.evaluation.engines.base import EngineError, EngineOptions
from still_verl.evaluation.rows import read_rows
from still_verl.evaluation.setup import Settings

pytestmark = pytest.mark.process

PARTS = [BLOCK.format("x = 6 * 7\nx"), "So.\n" + BLOCK.format("print(x - 41)"), r"It is \boxed{1}"]


def vllm_choice(body: dict[str, Any]) -> dict[str, Any]:
    """What a server of vLLM's returns: the outputs in the prompt tell how far the response is."""
    prompt = tokenizer().decode(body["prompt"])
    text, stopped = cut_at_stops("".join(PARTS[prompt.count("```output\n") :]) + END, body.get("stop", []))
    ids = tokenizer().encode(text, add_special_tokens=False)
    assert body["return_token_ids"] and len(ids) <= body["max_tokens"]
    found = choice(text.removesuffix(END), body)
    return found | {"token_ids": ids, "stop_reason": body["stop"][0] if stopped else None}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as served:
        served.write = vllm_choice
        yield served


def settings(tmp_path: Path, url: str, **more: Any) -> Settings:
    options = EngineOptions(url=url, concurrency=8, attempts=3, timeout_s=20)
    return code_settings(tmp_path, engine="openai", options=options, **more)


def test_each_part_is_asked_for_by_tokens(tmp_path: Path, server: ScriptedServer) -> None:
    server.fault = lambda prompt, seed, attempt: "500" if attempt == 1 and seed % 2 and PROBE not in prompt else ""
    finished = run(settings(tmp_path, server.url, k=4))
    assert all(row.correct for row in finished.rows) and len(finished.rows) == 12
    row = next(iter(read_rows(tmp_path / "run" / "rows.jsonl")))
    assert row.response == "".join(PARTS) and row.transcript is not None
    assert row.transcript.count("```output\n42\n```\n") == row.transcript.count("```output\n1\n```\n") == 1
    asked = [body for body in server.bodies if PROBE not in str(body["prompt"])]
    assert all(body["include_stop_str_in_output"] and "```\n" in body["stop"] for body in asked)
    assert all(isinstance(body["prompt"], list) for body in asked)
    assert set(server.answered.values()) == {1} and len(server.answered) == 36


def test_a_server_that_returns_no_tokens_is_refused(tmp_path: Path, server: ScriptedServer) -> None:
    server.write = lambda body: choice(answer_to("", 0), body)
    with pytest.raises(EngineError, match="the server returns no token ids, so that a response cannot go on"):
        run(settings(tmp_path, server.url))


def command(tmp_path: Path, url: str, output: Path) -> list[str]:
    """The same as the command line has it; 40 problems, one sample each."""
    file = tmp_path / "sums.jsonl"
    rows = [{"id": str(number), "problem": f"problem {number}", "answer": "1"} for number in range(40)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    where = ["--url", url, "-b", str(file), "-o", str(output), "--tokenizer", str(prepare("smollm2").model)]
    how = ["--code", "--prompt", "raw", "--max-tokens", "400", "--concurrency", "4", "--json"]
    return [sys.executable, "-m", "still_verl", "eval", *where, *how]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [(15,), pytest.param((1, 5, 9), marks=pytest.mark.slow)])
def test_a_run_that_is_killed_has_the_bytes_of_one_that_is_not(
    kills: tuple[int, ...], tmp_path: Path, server: ScriptedServer
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    server.delay_s = 0.02
    for rows in kills:
        kill_after(rows, command(tmp_path, server.url, killed), killed / "journal.jsonl")
    there = lines_of(killed / "journal.jsonl")
    assert 15 <= there < 40
    last = subprocess.run(command(tmp_path, server.url, killed), capture_output=True, text=True, timeout=120)
    assert last.returncode == 0, last.stderr
    first_parts = [count for (prompt, _), count in server.answered.items() if len(json.loads(prompt)) < 8]
    assert len(first_parts) == 40 and sum(first_parts) <= 40 + 4 * len(kills)
    uninterrupted = subprocess.run(command(tmp_path, server.url, whole), capture_output=True, text=True, timeout=120)
    assert (killed / "rows.jsonl").read_bytes() == (whole / "rows.jsonl").read_bytes()
    assert last.stdout == uninterrupted.stdout
    assert json.loads(last.stdout)["sums"]["code"] == {
        "calls": 2.0,
        "succeeded": 1.0,
        "with_program": 1.0,
        "at_limit": 0.0,
        "stopped": 0,
        "sandbox_faults": 0,
    }
