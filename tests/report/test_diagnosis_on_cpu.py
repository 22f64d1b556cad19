"""Logs that verl's own loggers wrote, and the command `diagnose` on them."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from verl.utils.logger import LocalLogger
from verl.utils.tracking import FileLogger, _TensorboardAdapter

from still_verl.cli import app
from still_verl.logs.find import find_runs
from still_verl.logs.series import rows_by_step
from still_verl.report.diagnosis import diagnose
from still_verl.report.read import read_runs
from still_verl.report.run import Run
from still_verl.report.summary import summarize

STEPS = range(1, 121)


def metrics(step: int, broken: bool = True, seed: int = 7) -> dict[str, float]:
    """A run whose score collapses at step 60, and whose gradient is NaN from step 100 on."""
    wobble = 0.01 * math.sin(seed * step)
    score = 0.05 if broken and step >= 60 else 0.6
    gradient = math.nan if broken and step >= 100 else 0.3 + wobble
    return {"critic/score/mean": score + wobble, "actor/grad_norm": gradient, "perf/mfu": 0.3, "prompt_length/mean": 80}


def write_console(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = LocalLogger(print_to_console=True)
    capsys.readouterr()
    for step in STEPS:
        logger.log(metrics(step), step)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("step:1 - critic/score/mean:")
    ray = [f"\x1b[36m(TaskRunner pid=4711)\x1b[0m {line}" for line in printed]
    path.write_text("\n".join(["Ray started", "Training Progress: 0%", *ray, printed[-1][:40]]))


def write_file(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, broken: bool = True) -> None:
    monkeypatch.setenv("VERL_FILE_LOGGER_ROOT", str(folder))
    logger = FileLogger("project", name)
    for step in STEPS:
        logger.log(metrics(step, broken), step)
    logger.finish()


def write_events(folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int = 7) -> None:
    monkeypatch.setenv("TENSORBOARD_DIR", str(folder))
    logger = _TensorboardAdapter("project", "name")
    for step in STEPS:
        logger.log(metrics(step, seed=seed), step)
    logger.finish()


def found(path: Path) -> dict[str, tuple[str, int]]:
    (run,) = diagnose([path]).runs
    assert run.steps == len(STEPS) and run.unknown == 2
    assert run.recognised["accuracy"] == run.recognised["score"] == ["critic/score/mean"]
    return {finding.name: (finding.severity, finding.step) for finding in run.findings}


def test_every_format_tells_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_console(tmp_path / "train.log", capsys)
    write_file(tmp_path, "a", monkeypatch)
    write_events(tmp_path / "events", monkeypatch)
    lines = [json.dumps({"step": step} | metrics(step)) for step in STEPS]
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "metrics.jsonl").write_text("\n".join(lines) + '\n{"step": 121, "cri')

    expected = {"accuracy_drop": ("critical", 61), "not_finite": ("critical", 100)}
    for name in ("train.log", "project/a.jsonl", "events", "ours"):
        path = tmp_path / name
        severities = found(path)
        assert {name: severities[name][0] for name in expected} == {name: s for name, (s, _) in expected.items()}
        assert severities["not_finite"][1] == 100 and 60 <= severities["accuracy_drop"][1] <= 63

    (log,) = find_runs(tmp_path).logs  # the same numbers in four formats are one run
    (note,) = log.notes
    assert log.format == "still" and note.startswith("still is read; the same run is logged in ")
    assert all(f"({name})" in note for name in ("verl_console", "verl_file", "tensorboard"))


def test_several_runs_of_a_folder_are_several_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file(tmp_path, "broken", monkeypatch)
    write_file(tmp_path, "healthy", monkeypatch, broken=False)
    for name, seed in (("expA", 3), ("expB", 5)):
        write_events(tmp_path / "tensorboard" / name, monkeypatch, seed)
    runs = {Path(run.run).stem: run for run in diagnose([tmp_path]).runs}
    assert set(runs) == {"broken", "healthy", "expA", "expB"}
    assert runs["healthy"].findings == [] and runs["broken"].reaches("critical")
    assert all(run.steps == len(STEPS) for run in runs.values())


def test_the_command_prints_json_by_contract_and_fails_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(tmp_path, "a", monkeypatch)
    result = CliRunner().invoke(app, ["diagnose", str(tmp_path), "--json", "--fail-on", "critical"])
    (run,) = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {"run", "format", "steps", "findings"} <= run.keys()
    for finding in run["findings"]:
        assert set(finding) == {"name", "severity", "step", "evidence", "advice"}
    text = CliRunner().invoke(app, ["diagnose", str(tmp_path)])
    assert text.exit_code == 0 and "CRITICAL accuracy_drop, from step" in text.stdout
    table = CliRunner().invoke(app, ["diagnose", str(tmp_path), "--markdown"])
    assert "| critical | not_finite | 100 |" in table.stdout


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"train.log": b"loss 0.5\nanother program\n"},
        {"a.log": b"\x00\x01step:1 - a:1\n" * 10},
        {"rows.jsonl": b'{"step": 1, "x": 2}\n'},
        {"metrics.jsonl": b"[1, 2"},
    ],
)
def test_what_is_not_recognised_is_said_in_one_line(files: dict[str, bytes], tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    result = CliRunner().invoke(app, ["diagnose", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1 and "looked for: still_verl's metrics.jsonl" in result.stderr
    missing = CliRunner().invoke(app, ["diagnose", str(tmp_path / "nothing")])
    assert missing.exit_code == 1 and "does not exist" in missing.stderr
    mistyped = CliRunner().invoke(app, ["diagnose", str(tmp_path), "--fail-on", "critcal"])
    assert mistyped.exit_code == 1 and "did you mean critical?" in mistyped.stderr


def test_rows_have_what_each_step_logged() -> None:
    series: dict[str, Any] = {"a": {1: 1.0, 3: None}, "b": {3: 2.0}}
    assert list(rows_by_step(series)) == [{"step": 1, "a": 1.0}, {"step": 3, "a": None, "b": 2.0}]


def test_a_report_of_a_log_without_our_alarms_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file(tmp_path, "broken", monkeypatch)
    write_file(tmp_path, "healthy", monkeypatch, broken=False)
    broken, healthy = read_runs([tmp_path / "project" / f"{name}.jsonl" for name in ("broken", "healthy")])
    assert healthy.alarms() == {}
    ((first, last),) = broken.alarms()["accuracy_drop"]
    assert 60 <= first <= 63 and last == 120
    assert "accuracy 0.6" in broken.evidence["accuracy_drop"]
    assert any("Alarm: not finite in steps 100 to 120" in sentence for sentence in summarize(broken).sentences)


def test_verls_clip_ratio_is_no_verdict_about_truncation() -> None:
    series: dict[str, Any] = {"response_length/clip_ratio": {step: 0.3 for step in STEPS}}
    assert not any("cut" in sentence for sentence in summarize(Run("r", Path(), series)).sentences)
