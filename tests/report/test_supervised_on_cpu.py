"""A run of supervised training has a page, a picture in the terminal and alarms, as a run of RL has."""

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from still_verl.monitor.versions import read_length, write_length
from still_verl.report.facts import facts
from still_verl.report.page import write_report
from still_verl.report.read import read_runs
from still_verl.report.summary import summarize
from still_verl.watch.frame import frame
from still_verl.watch.progress import progress_of

STEPS = 200


def entry(step: int, **figures: float) -> str:
    """A line of verl's file logger."""
    return json.dumps({"step": step, "data": figures}) + "\n"


def losses(step: int, floor: float) -> dict[str, float]:
    return {
        "train/loss": floor + 2 * math.exp(-step / 20),
        "train/grad_norm": 0.2 + math.exp(-step / 20),
        "train/lr": 1e-5,
        "train/global_tokens": 5000.0,
    }


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Held-out rows are forgotten from step 60 on; the loss of training falls to 0.1."""
    folder = tmp_path / "sft"
    (folder / ".hydra").mkdir(parents=True)
    config = "trainer: {total_training_steps: null}\nmodel: {path: models/tiny}\ndata: {train_files: a/rows.jsonl}\n"
    (folder / ".hydra" / "config.yaml").write_text(config)
    write_length(folder, STEPS)
    with (folder / "metrics.jsonl").open("w") as file:
        for step in range(1, STEPS + 1):
            file.write(entry(step, **losses(step, 0.1)))
            if step % 20 == 0:
                file.write(entry(step, **{"val/loss": 0.5 + max(0, step - 60) / 400}))
    return folder


def shown(picture: Any) -> str:
    written = io.StringIO()
    Console(width=120, file=written).print(picture)
    return written.getvalue()


def test_what_a_run_of_supervised_training_did_is_said_in_words(run: Path) -> None:
    (read,) = read_runs([run])
    summary = summarize(read)
    assert "The loss fell from" in summary.headline and "the loss of held-out rows rose from 0.5" in summary.headline
    assert "accuracy" not in summary.headline and ("model", "models/tiny") in facts(read)
    assert summary.mood == "bad" and set(read.alarms()) == {"overfitting"}
    assert "their loss was 0.5000 at step 20" in read.evidence["overfitting"]
    assert any(text.startswith("Alarm: overfitting") for text in summary.sentences)


def test_watch_knows_how_long_it_is_and_draws_both_losses(run: Path) -> None:
    (read,) = read_runs([run])
    assert progress_of(read).total == STEPS and progress_of(read).over
    text = shown(frame(read, 1.0, None, width=120))
    assert f"step {STEPS} of {STEPS}" in text and "loss, held out" in text and "gradient" in text
    assert "ALARM overfitting" in text


def test_its_page_has_the_losses_first(run: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    write_report([run], page)
    text = page.read_text()
    assert "Of supervised training" in text and "held out" in text


@pytest.mark.parametrize("damaged", ["", "{}", "[1]", '{"steps": "ten"}'])
def test_a_damaged_length_is_none(damaged: str, tmp_path: Path) -> None:
    (tmp_path / "length.json").write_text(damaged)
    assert read_length(tmp_path) is None
