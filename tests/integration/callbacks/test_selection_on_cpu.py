"""What leaves the batch, and the waste that is reported. The transfer queue alone is replaced."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from still_verl.integration.callbacks import selection
from still_verl.integration.callbacks.selection import Selection
from still_verl.monitor.rows import StepRows

SAMPLES = SimpleNamespace(rows=lambda batch: batch.rows)
KEYS = ["a0", "a1", "b0", "b1"]


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two prompts with two responses each; one response of the first was cut."""
    finished = [True, False, True, True]
    rows = StepRows(
        uids=["a", "a", "b", "b"],
        scores=np.array([1.0, 0.0, 0.0, 1.0]),
        references=["1"] * 4,
        infos=[{}] * 4,
        extras=[{"finish_reason": "stop" if ended else "length"} for ended in finished],
        response_ids=[[1] * 10, [1] * 30, [1] * 20, [1] * 20],
    )
    monkeypatch.setattr(selection, "subset", lambda whole, kept: [whole.keys[row] for row in kept])
    return SimpleNamespace(keys=KEYS, rows=rows)


def test_what_the_rules_drop_leaves_the_batch_and_is_counted(job: Any, batch: Any, trainer: Any) -> None:
    config = job(selection={"rules": ["overlong"]})
    callback, run = Selection(config), trainer(config)
    run.samples = SAMPLES
    callback.on_step_begin(run)
    kept: Any = callback.on_batch(run, batch, {})
    assert kept == ["b0", "b1"]  # the other response of `a` would be alone
    metrics: dict[str, float] = {}
    callback.on_update(run, metrics)
    assert metrics == {"still/selection/dropped_samples": 0.5, "still/selection/dropped_tokens": 0.5}


def test_the_waste_is_that_of_the_whole_step(job: Any, batch: Any, trainer: Any) -> None:
    """Of two mini-batches the second is dropped whole: upstream's mean of the two would weight it by 0 samples."""
    config = job(selection={"rules": ["overlong"]})
    callback, run = Selection(config), trainer(config)
    run.samples = SAMPLES
    callback.on_step_begin(run)
    callback.on_batch(run, batch, {})
    cut = StepRows(["c", "c"], np.zeros(2), ["1"] * 2, [{}] * 2, [{"finish_reason": "length"}] * 2, [[1] * 10] * 2)
    rest: Any = callback.on_batch(run, SimpleNamespace(keys=["c0", "c1"], rows=cut), {})  # type: ignore[arg-type]
    assert rest == []
    metrics: dict[str, float] = {}
    callback.on_update(run, metrics)
    assert metrics == {"still/selection/dropped_samples": 4 / 6, "still/selection/dropped_tokens": 0.6}
    assert run.step(callback)["still/selection/dropped_samples"] == 0  # a step begins anew


def test_it_is_left_out_without_rules(job: Any) -> None:
    assert not Selection(job()).active
