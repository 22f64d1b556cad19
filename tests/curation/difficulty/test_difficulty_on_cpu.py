"""`still-verl data difficulty`: from a training set and samples to a graded set."""

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from echo_engine import Echo, asked
from raw_problems import write_rows
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.evaluation.engines.base import Deliver, Reply, Request

RATES = {"0": 0.0, "1": 0.5, "2": 1.0, "3": 0.2}
PROBLEMS = [
    {"id": name, "problem": f"Add {name} to the number of legs of three spiders and two cows.", "answer": "1"}
    for name in RATES
]


def samples(each: int = 24) -> list[dict[str, Any]]:
    """Rows of a dump; of the last problem there is none."""
    found = []
    for row in PROBLEMS[:3]:
        for number in range(each):
            score = float(number < RATES[row["id"]] * each)
            found.append({"input": f"user\n{row['problem']}\nassistant\n", "output": "x", "gts": "1", "score": score})
    return found


def command(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["data", "difficulty", *arguments, "-o", str(folder / "out")])


@pytest.fixture
def source(tmp_path: Path) -> str:
    return str(write_rows(tmp_path / "set.jsonl", PROBLEMS))


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in pq.read_table(folder / "out" / "train.parquet").to_pylist()}


def drops(folder: Path) -> dict[str, dict[str, Any]]:
    lines = (folder / "out" / "dropped.jsonl").read_text().splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


def test_by_samples_that_exist(source: str, tmp_path: Path) -> None:
    dump = write_rows(tmp_path / "dump.jsonl", samples())
    done = command(tmp_path, source, "qwen", "--from", str(dump), "--json")
    assert done.exit_code == 0, done.stderr
    manifest = json.loads(done.stdout)
    assert manifest["counts"] == {"rows": 4, "kept": 2, "dropped": 2, "rejected": 0}
    assert manifest["difficulty"]["decisions"] == {"in": 1, "below": 1, "above": 1, "undecided": 1}
    assert manifest == json.loads((tmp_path / "out" / "manifest.json").read_text())
    found = rows(tmp_path)
    assert (found["1"]["pass_rate"], found["1"]["n"], found["1"]["difficulty"]) == (0.5, 24, "in")
    low, high = found["1"]["interval"]
    assert 0.25 < low < 0.5 < high < 0.75
    assert (found["3"]["pass_rate"], found["3"]["n"], found["3"]["difficulty"]) == (None, 0, "undecided")
    assert found["1"]["difficulty_model"] == "qwen"
    assert json.loads(found["1"]["difficulty_settings"])["band"] == [0.2, 0.8]
    gone = drops(tmp_path)
    assert {name: row["filter"] for name, row in gone.items()} == {"0": "too_hard", "2": "too_easy"}
    assert gone["0"]["reason"].startswith("0 of 24 samples are right")
    assert "rows of which no sample counts, undecided: 1" in done.stderr


def test_keep_says_which_rows_stay(source: str, tmp_path: Path) -> None:
    dump = write_rows(tmp_path / "dump.jsonl", samples())
    assert command(tmp_path, source, "--from", str(dump), "--keep", "below", "--keep", "in").exit_code == 0
    assert sorted(rows(tmp_path)) == ["0", "1"]
    assert {name: row["filter"] for name, row in drops(tmp_path).items()} == {"2": "too_easy", "3": "undecided"}


def test_a_parquet_keeps_its_columns_and_a_responses_without_verdict_are_judged(tmp_path: Path) -> None:
    prompt = [{"role": "system", "content": "Think."}, {"role": "user", "content": PROBLEMS[1]["problem"]}]
    row = {"prompt": prompt, "reward_model": {"style": "rule", "ground_truth": "1/2"}, "extra_info": {"index": 5}}
    schema = pa.table({"x": pa.array([1], pa.int8())}).append_column("prompt", pa.array([row["prompt"]]))
    table = schema.append_column("reward_model", pa.array([row["reward_model"]]))
    pq.write_table(table.append_column("extra_info", pa.array([row["extra_info"]])), tmp_path / "set.parquet")
    said = [r"\boxed{0.5}"] * 12 + [r"\boxed{3}"] * 4
    dump = [{"prompt": prompt, "response": text} for text in said]
    done = command(tmp_path, str(tmp_path / "set.parquet"), "--from", str(write_rows(tmp_path / "d.jsonl", dump)))
    assert done.exit_code == 0, done.stderr
    found = pq.read_table(tmp_path / "out" / "train.parquet")
    assert found.schema.field("x").type == pa.int8()
    assert found.to_pylist()[0]["prompt"] == prompt
    assert found.column("pass_rate").to_pylist() == [0.75] and found.column("n").to_pylist() == [16]


class Skilled(Echo):
    """Is right as often as `RATES` says."""

    def generate(self, requests: Any, deliver: Deliver) -> None:
        for number, request in enumerate(requests):
            if number == self.fails_after:
                super().generate([request] * (number + 1), deliver)
            asked.append(request.key)
            deliver(request, self.reply(request))

    def reply(self, request: Request) -> Reply:
        right = random.Random(request.seed).random() < RATES[request.key[1]]
        return Reply(rf"\boxed{{{int(right)}}}", "stop", 5, 0.1)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    import echo_engine

    asked.clear()
    monkeypatch.setattr(echo_engine, "Skilled", Skilled, raising=False)
    return ["m", "--engine", "echo_engine.Skilled"]


def test_a_model_is_asked_until_it_is_decided(source: str, model: list[str], tmp_path: Path) -> None:
    done = command(tmp_path, source, *model, "--keep", "in", "--keep", "undecided", "--keep", "below", "--most", "32")
    assert done.exit_code == 0, done.stderr
    found = rows(tmp_path)
    assert found["0"]["n"] == 12 and drops(tmp_path)["2"]["n"] == 12  # sure after twelve
    assert found["1"]["difficulty"] == "in" and found["1"]["n"] < 32
    assert len(asked) == len(set(asked)) == sum(row["n"] for row in found.values()) + 12
    once = (tmp_path / "out" / "samples" / "rows.jsonl").read_bytes()
    asked.clear()
    assert command(tmp_path, source, *model, "--most", "32").exit_code == 0
    assert not asked and (tmp_path / "out" / "samples" / "rows.jsonl").read_bytes() == once


def test_a_run_that_broke_goes_on_with_the_same_samples(
    source: str, model: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(tmp_path / "whole", source, *model).exit_code == 0
    whole = list(asked)
    asked.clear()
    monkeypatch.setattr(Skilled, "generate", Echo.generate)
    monkeypatch.setattr(Echo, "fails_after", 0)
    broken = command(tmp_path, source, *model)
    assert broken.exit_code == 1 and broken.stderr.strip().endswith("the same command goes on from there")
    monkeypatch.undo()
    import echo_engine

    monkeypatch.setattr(echo_engine, "Skilled", Skilled, raising=False)
    assert command(tmp_path, source, *model).exit_code == 0
    assert sorted(asked) == sorted(whole)
    ends = [(folder / "out" / "train.parquet").read_bytes() for folder in (tmp_path, tmp_path / "whole")]
    assert ends[0] == ends[1]
