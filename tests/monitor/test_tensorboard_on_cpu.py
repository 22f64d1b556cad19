"""TensorBoard, verl's file logger and `metrics.jsonl` tell the same of a run, through verl's own tracker."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from run_logs import values_of
from verl.utils.tracking import Tracking

from still_verl.integration.trainers import StillSync
from still_verl.monitor.alarms import ALARMS
from still_verl.monitor.jsonl import read_metrics
from still_verl.monitor.keywords import Keywords
from still_verl.monitor.metrics import step_metrics
from still_verl.monitor.rows import StepRows

TEXTS = ("Wait, let me verify: 6 * 7 = 42.", "However, the answer is \\boxed{41}", "so 42")


def step(number: int) -> dict[str, Any]:
    """Metrics of one step as the monitor and verl make them: Python and numpy numbers of all sizes."""
    rng = np.random.default_rng(number)
    scores = rng.integers(0, 2, 3).astype(float)
    infos = [{"acc": score, "pred": "42", "term_correct": score} for score in scores]
    ids = [list(range(int(rng.integers(5, 900)))) for _ in TEXTS]
    rows = StepRows(list("abc"), scores, ["42"] * 3, infos, [{"finish_reason": "stop"}] * 3, ids)
    ours = step_metrics(rows, TEXTS, Keywords()) | {f"still/alarm/{name}": 0.0 for name in ALARMS}
    ours |= step_metrics(rows, TEXTS, Keywords(), prefix="still/validation") if number % 2 else {}
    return ours | {
        "val-core/demo/arithmetic/acc/mean@4": 0.25,
        "actor/entropy": float(rng.random()),
        "actor/kl_loss": np.float32(rng.random() * 1e-6),
        "still/kl/coef": 1e-3 / number,
        "perf/total_num_tokens": 123_456_789,
        "critic/score/mean": np.mean(scores),
    }


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder written as our trainer does, with TensorBoard in a folder of it as recipes say."""
    monkeypatch.setenv("TENSORBOARD_DIR", str(tmp_path / "run" / "tensorboard"))
    monkeypatch.setenv("VERL_FILE_LOGGER_ROOT", str(tmp_path / "verl"))
    tracking = Tracking("project", "experiment", ["console", "tensorboard", "file"])
    config = OmegaConf.create({"still": {"name": "test", "run_dir": str(tmp_path / "run")}})
    StillSync._open_metrics_file(SimpleNamespace(config=config, logger=tracking))  # type: ignore[arg-type]
    for number in range(1, 41):
        tracking.log(step(number), number)
    tracking.finish()
    return tmp_path / "run"


def test_the_curves_are_the_same_everywhere(run: Path) -> None:
    ours, events = values_of(run), values_of(run / "tensorboard")
    assert list(ours["still/accuracy"]) == list(range(1, 41)) and "still/validation/length/p95" in ours
    assert {key: list(values) for key, values in events.items()} == {key: list(v) for key, v in ours.items()}
    for key, values in ours.items():
        assert list(events[key].values()) == pytest.approx(list(values.values()), rel=1e-6), key  # float32
    logged = values_of(run.parent / "verl")
    assert logged.keys() == ours.keys()
    assert all(list(logged[key].values()) == pytest.approx(list(v.values()), rel=1e-6) for key, v in ours.items())


def test_metrics_jsonl_is_what_the_events_hold(run: Path) -> None:
    """With TensorBoard's own reader, on the lines themselves."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0}).Reload()
    rows = read_metrics(run)
    assert json.loads((run / "metrics.jsonl").read_text().splitlines()[0])["step"] == 1
    told = {(row["step"], key): value for row in rows for key, value in row.items() if key != "step"}
    seen = {(e.step, tag): e.value for tag in events.Tags()["scalars"] for e in events.Scalars(tag)}
    assert seen.keys() == told.keys()
    assert all(seen[at] == np.float32(value) for at, value in told.items())
