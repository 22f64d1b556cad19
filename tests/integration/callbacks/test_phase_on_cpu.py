"""The phase of a step is in the run folder while the run lasts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from still_verl.integration.callbacks.phase import PhaseOfStep
from still_verl.monitor import phase
from still_verl.monitor.phase import PHASES, read_phase


def test_each_phase_is_written_as_it_begins(
    job: Callable[..., Any], trainer: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(phase.time, "time", lambda: now[0])
    config = job(run_dir=str(tmp_path / "run"))
    callback, fake = PhaseOfStep(config), trainer(config)
    callback.on_init_end(fake)
    assert read_phase(tmp_path / "run") is None
    seen = []
    hooks = (
        callback.on_step_begin,
        lambda one: callback.on_batch(one, None, {}),  # type: ignore[arg-type]
        lambda one: callback.on_update(one, {}),
    )
    for _ in range(2):
        fake.global_steps += 1
        for hook in hooks:
            hook(fake)
            hook(fake)  # of a second mini-batch
            found = read_phase(tmp_path / "run")
            assert found is not None and found.began == now[0]
            seen.append((found.step, found.name))
            now[0] += 10
    assert seen == [(step, name) for step in (1, 2) for name in PHASES]
    assert found.usual == dict.fromkeys(PHASES, 10.0)
    callback.close()
    assert list((tmp_path / "run").iterdir()) == []


def test_without_a_run_folder_nothing_is_written(job: Callable[..., Any]) -> None:
    assert not PhaseOfStep(job(run_dir=None)).active


def test_a_file_of_something_else_is_no_phase(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"step": 1, "name": "x", "began": "y", "usual": {}}', '{"usual": 3}'):
        (tmp_path / phase.NAME).write_text(text)
        assert read_phase(tmp_path) is None
