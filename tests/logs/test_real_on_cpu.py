"""Files that verl's trackers and TRL's trainer wrote go through diagnose, report and watch, compressed ones too."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from run_logs import notes_of, values_of
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.demo.prepare import prepare
from still_verl.logs.find import find_runs
from still_verl.logs.known import signals_of
from still_verl.logs.read import read_log
from still_verl.logs.registries import FORMATS
from still_verl.report.diagnosis import diagnose

pytestmark = pytest.mark.process

TRACKED = "verl_console verl_file tensorboard wandb_offline trackio mlflow mlflow_files swanlab old_swanlab".split()


def command(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("name", TRACKED)
def test_every_tracker_of_verl_says_the_same(name: str, tracked: dict[str, Path], tmp_path: Path) -> None:
    path = tracked[name]
    (log,) = find_runs(path).logs
    assert log.format == name.removeprefix("old_") and log.format in FORMATS
    # wandb keeps what was printed beside its file.
    assert all("the same run is logged in files/output.log (verl_console)" in note for note in notes_of(path))
    values, expected = values_of(path), values_of(tracked["verl_file"])
    assert values.keys() == expected.keys()
    for metric, by_step in expected.items():
        assert list(values[metric]) == list(by_step)
        assert list(values[metric].values()) == pytest.approx(list(by_step.values()), rel=1e-6, nan_ok=True), metric

    (run,) = diagnose([path]).runs
    found = {finding.name: (finding.severity, finding.step) for finding in run.findings}
    assert found["not_finite"] == ("critical", 100) and found["accuracy_drop"][0] == "critical"
    assert 60 <= found["accuracy_drop"][1] <= 63 and run.steps == 121 and run.unknown == 3

    page = tmp_path / "report.html"
    command("report", str(path), "-o", str(page))
    text = page.read_text()
    assert "Alarm: accuracy drop in steps" in text and "Length of responses" in text and "best@4" in text
    assert "were cut" not in text, "verl's clip_ratio is no truncation"

    picture = command("watch", str(path), "--once")
    assert "step 120" in picture and "ALARM accuracy drop" in picture and "tokens/s a device" in picture


@pytest.mark.parametrize("name", [name for name in TRACKED if name != "mlflow_files"])  # a folder of many small files
def test_a_compressed_log_says_the_same(name: str, tracked: dict[str, Path], tmp_path: Path) -> None:
    (log,) = find_runs(tracked[name]).logs
    for file in log.files:
        (tmp_path / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert values_of(tmp_path) == values_of(tracked[name]) != {}
    assert "step 120" in command("watch", str(tmp_path), "--once")


def test_formats_side_by_side_are_one_run_and_the_one_that_is_read_is_named(tracked: dict[str, Path]) -> None:
    """The folder has the same run in seven formats."""
    (run,) = diagnose([tracked["verl_console"].parent]).runs
    assert run.format == "verl_file"
    (note,) = run.notes
    for name in ("wandb_offline", "trackio", "mlflow", "swanlab", "tensorboard", "verl_console"):
        assert f"({name})" in note, name


TRAIN = """
import os, sys
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

model = sys.argv[1]
rows = Dataset.from_list([dict(prompt="1+1"), dict(prompt="2+2")] * 2)
arguments = GRPOConfig(output_dir="out", per_device_train_batch_size=4, per_device_eval_batch_size=4, num_generations=2,
                       max_steps=4, save_steps=2, eval_strategy="steps", eval_steps=2, logging_steps=1, bf16=False,
                       max_completion_length=8, use_cpu=True, report_to=["tensorboard", "wandb", "trackio"])
GRPOTrainer(model=AutoModelForCausalLM.from_pretrained(model), processing_class=AutoTokenizer.from_pretrained(model),
            reward_funcs=lambda completions, **columns: [len(text) / 100 for text in completions],
            args=arguments, train_dataset=rows, eval_dataset=rows).train()
"""


@pytest.fixture(scope="module")
def trl_run(tmp_path_factory: pytest.TempPathFactory, with_packages: Callable[..., str]) -> Path:
    """The folder in which TRL trained: checkpoints in `out`, and what three trackers wrote."""
    folder = tmp_path_factory.mktemp("trl_run")
    quiet = {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "TRACKIO_DIR": f"{folder}/trackio"}
    with_packages(folder, ["trl", "trackio"], "-c", TRAIN, prepare("random").model, **quiet)
    return folder


def test_checkpoints_of_trl_are_one_run_and_the_names_of_its_trackers_are_changed_back(trl_run: Path) -> None:
    (log,) = find_runs(trl_run / "out", ("trl",)).logs
    assert (log.path, len(log.files), log.total) == (trl_run / "out", 2, 4)
    values = values_of(trl_run / "out" / "checkpoint-4" / "trainer_state.json")
    assert list(values["reward"]) == [1, 2, 3, 4] and list(values["eval_reward"]) == [2, 4]
    known = {metric for metric in values if signals_of(metric)}
    assert known >= {"reward", "eval_reward", "entropy", "grad_norm", "completions/mean_length", "step_time"}
    for name in ("wandb_offline", "trackio", "tensorboard"):
        (log,) = find_runs(trl_run, (name,)).logs
        other = read_log(log).values
        for metric in known:
            assert other[metric] == pytest.approx(values[metric], rel=1e-6), (name, metric)


def test_a_run_of_trl_goes_through_everything(trl_run: Path, tmp_path: Path) -> None:
    state = trl_run / "out" / "checkpoint-4" / "trainer_state.json"
    (run,) = json.loads(command("diagnose", str(state), "--json"))
    assert run["format"] == "trl" and run["steps"] == 4
    assert run["recognised"]["length"] == ["completions/mean_length"] and run["recognised"]["gradient"] == ["grad_norm"]
    picture = command("watch", str(state), "--once")
    assert "step 4 of 4" in picture and "finished" in picture and "cut at the limit" in picture
    command("report", str(state), "-o", str(tmp_path / "r.html"))
    page = (tmp_path / "r.html").read_text()
    assert "of the responses were cut at their limit" in page and "Size of the gradient" in page
    (whole,) = diagnose([trl_run]).runs
    assert whole.format == "wandb_offline"
    assert all(f"({name})" in whole.notes[0] for name in ("trl", "tensorboard", "trackio")), whole.notes
