"""What leaves the batch, and the waste that is reported. The transfer queue alone is replaced."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from still_verl.integration.callbacks import selection
from still_verl.integration.callbacks.selection import Selection
from still_verl.monitor.rows import StepRows

TRAINER = SimpleNamespace(samples=SimpleNamespace(rows=lambda batch: batch.rows))
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


def test_what_the_rules_drop_leaves_the_batch_and_is_counted(job: Any, batch: Any) -> None:
    metrics: dict[str, float] = {}
    kept: Any = Selection(job(selection={"rules": ["overlong"]})).on_batch(TRAINER, batch, metrics)  # type: ignore[arg-type]
    assert kept == ["b0", "b1"]  # the other response of `a` would be alone
    assert metrics == {"still/selection/dropped_samples": 0.5, "still/selection/dropped_tokens": 0.5}


def test_it_is_left_out_without_rules(job: Any) -> None:
    assert not Selection(job()).active
