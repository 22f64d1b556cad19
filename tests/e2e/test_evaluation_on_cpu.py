"""`still-verl eval` with a real model on real vLLM: killed three times, and of a checkpoint of a job."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from by_heart import learn
from by_heart import problems as texts_with_answers
from killed_evaluations import kill_after, lines_of

from still_verl.demo.prepare import prepare
from still_verl.evaluation.rows import Row, read_rows

pytestmark = pytest.mark.e2e

PROBLEMS, K = 40, 3
TEXT: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 300}


def problems(source: Path, path: Path) -> Path:
    """The first problems of the demo's validation set."""
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(source).slice(0, PROBLEMS), path)
    return path


def command(model: Path, file: Path, output: Path, at_once: int) -> list[str]:
    sampling = ["--k", str(K), "--temperature", "1", "--top-p", "1", "--max-tokens", "64"]
    where = ["-b", str(file), "-o", str(output), "--concurrency", str(at_once)]
    return [sys.executable, "-m", "still_verl", "eval", str(model), *where, *sampling]


def run(arguments: list[str]) -> None:
    done = subprocess.run(arguments, **TEXT)
    assert done.returncode == 0, done.stderr[-4000:]


def different(left: Path, right: Path) -> set[tuple[str, str, int]]:
    """The samples that two runs have otherwise."""
    rows: dict[tuple[str, str, int], Row] = {row.key: row for row in read_rows(left / "rows.jsonl")}
    others = {row.key: row for row in read_rows(right / "rows.jsonl")}
    assert rows.keys() == others.keys() and len(rows) == PROBLEMS * K
    return {key for key, row in rows.items() if row != others[key]}


@pytest.mark.slow  # three minutes; tests/evaluation/test_kills_on_cpu.py kills a run with a scripted server
@pytest.mark.timeout(1200)
def test_a_run_that_is_killed_three_times_has_the_rows_of_one_that_is_not(tmp_path: Path) -> None:
    demo = prepare("tiny")
    file = problems(demo.val, tmp_path / "sums.parquet")
    whole, alone, killed = tmp_path / "whole", tmp_path / "alone", tmp_path / "killed"
    run(command(demo.model, file, whole, at_once=32))
    run(command(demo.model, file, alone, at_once=1))
    for rows in (1, 17, 40):
        kill_after(rows, command(demo.model, file, killed, at_once=32), killed / "journal.jsonl", seconds=240)
    before_last = lines_of(killed / "journal.jsonl")
    run(command(demo.model, file, killed, at_once=32))
    assert 1 + 17 + 40 <= before_last < PROBLEMS * K
    assert lines_of(killed / "journal.jsonl") == PROBLEMS * K
    # A batch of another size adds floats in another order.
    print(f"\nother rows: {len(different(whole, killed))} after kills, {len(different(whole, alone))} one at a time")
    assert different(whole, killed) <= different(whole, alone)
    assert any(row.correct for row in read_rows(killed / "rows.jsonl"))


@pytest.mark.timeout(1200)
def test_merged_shards_and_the_saved_model_of_a_checkpoint_give_the_same_rows(
    train: Callable[..., Any], untrained: Callable[[str], list[str]], tmp_path: Path
) -> None:
    saved = "actor_rollout_ref.actor.checkpoint.save_contents=[model,optimizer,extra,hf_model]"
    train(tmp_path / "job", *untrained("random"), "trainer.total_training_steps=1", "trainer.save_freq=1", saved)
    actor = tmp_path / "job" / "run" / "checkpoints" / "global_step_1" / "actor"
    shards = tmp_path / "shards"
    shutil.copytree(actor, shards / "actor")
    for weights in (shards / "actor" / "huggingface").glob("*.safetensors"):
        weights.unlink()
    file = problems(prepare("random").val, tmp_path / "sums.parquet")
    run(command(tmp_path / "job" / "run", file, tmp_path / "of_saved", at_once=32))
    run(command(shards, file, tmp_path / "of_shards", at_once=32))
    left, right = (list(read_rows(tmp_path / name / "rows.jsonl")) for name in ("of_saved", "of_shards"))
    assert left == right and len({row.response for row in left}) > 1


@pytest.mark.slow  # more than a minute; tests/evaluation/test_memorised_on_cpu.py has a model of rules
@pytest.mark.timeout(1200)
def test_the_probe_finds_a_model_that_knows_the_problems_by_heart_and_no_other(tmp_path: Path) -> None:
    planted = texts_with_answers(50)
    file = tmp_path / "planted.jsonl"
    rows = [{"problem": text, "answer": answer} for text, answer in planted]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    untrained = prepare("random").model
    learn(untrained, tmp_path / "learned", [f"{text} {answer}" for text, answer in planted])
    found = {}
    for model in (untrained, tmp_path / "learned"):
        probe = [
            "-b",
            str(file),
            "-o",
            str(tmp_path / f"of_{model.name}"),
            "--memorised",
            "--max-tokens",
            "40",
            "--json",
        ]
        done = subprocess.run([sys.executable, "-m", "still_verl", "eval", str(model), *probe], **TEXT)
        assert done.returncode == 0, done.stderr[-4000:]
        shares = json.loads(done.stdout)["planted"]
        found[model.name] = [figures["completed"] for figures in shares.values()]
        assert ("warning: the model completes" in done.stderr) == (model.name == "learned")
    assert min(found["learned"]) >= 0.9 and max(found["model"]) <= 0.02


@pytest.mark.timeout(1200)
def test_programs_run_in_the_middle_of_a_response(tmp_path: Path) -> None:
    """The demo's model closes its block with the end of its turn, reads that there is no input, and goes on."""
    file = tmp_path / "programs.jsonl"
    rows = [{"problem": f"Print the sum of x plus {number} and y times 2.", "answer": "1"} for number in range(8)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = {}
    for name, at_once in (("whole", 16), ("alone", 1)):
        sampling = ["--code", "--k", "2", "--temperature", "1", "--max-tokens", "300", "--concurrency", str(at_once)]
        where = ["-b", str(file), "-o", str(tmp_path / name), "--json"]
        arguments = [sys.executable, "-m", "still_verl", "eval", str(prepare("skills").model), *where, *sampling]
        done = subprocess.run(arguments, **TEXT)
        assert done.returncode == 0, done.stderr[-4000:]
        found[name] = json.loads(done.stdout)["programs"]["code"]
    assert found["whole"]["calls"] >= found["whole"]["with_program"] > 0.8
    drawn = {name: {row.key: row for row in read_rows(tmp_path / name / "rows.jsonl")} for name in found}
    for row in drawn["whole"].values():
        assert row.transcript is not None and row.response is not None and row.tools is not None
        assert row.transcript.count("```output\n") >= row.tools["calls"]
        assert "EOFError" not in row.response and ("EOFError" in row.transcript) == (row.tools["calls"] > 0)
    same = [row.response == drawn["alone"][key].response for key, row in drawn["whole"].items()]
    assert sum(same) >= len(same) - 2  # a batch of another size adds floats in another order
