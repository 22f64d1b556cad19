"""A run that is killed goes on where it was."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from killed_evaluations import kill_after, lines_of
from scripted_server import PROBE, ScriptedServer

pytestmark = pytest.mark.process

AT_ONCE, PROBLEMS, K = 8, 60, 5


def command(url: str, problems: Path, output: Path) -> list[str]:
    options = ["--k", str(K), "--max-tokens", "64", "--concurrency", str(AT_ONCE), "--json"]
    return [sys.executable, "-m", "still_verl", "eval", "--url", url, "-b", str(problems), "-o", str(output), *options]


@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_change_no_byte_and_draw_no_sample_again_but_those_in_flight(kills: int, tmp_path: Path) -> None:
    problems = tmp_path / "sums.jsonl"
    rows = [{"id": str(number), "problem": f"problem {number}", "answer": "1"} for number in range(PROBLEMS)]
    problems.write_text("".join(json.dumps(row) + "\n" for row in rows))
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    with ScriptedServer(delay_s=0.03) as server:
        for number in range(kills):
            kill_after(1 + number % 12, command(server.url, problems, killed), killed / "journal.jsonl")
        last = subprocess.run(command(server.url, problems, killed), capture_output=True, text=True, timeout=120)
        asked = [count for key, count in server.asked.items() if PROBE not in key[0]]
    with ScriptedServer() as server:
        uninterrupted = subprocess.run(command(server.url, problems, whole), capture_output=True, text=True)
    assert last.returncode == 0, last.stderr
    assert len(asked) == PROBLEMS * K
    assert sum(asked) <= PROBLEMS * K + kills * AT_ONCE
    assert lines_of(killed / "journal.jsonl") == PROBLEMS * K
    assert (killed / "rows.jsonl").read_bytes() == (whole / "rows.jsonl").read_bytes()
    assert last.stdout == uninterrupted.stdout and json.loads(last.stdout)["sums"]["k"] == K
