"""When the reference is renewed, saved and loaded; that it becomes the actor is tested on real workers."""

from pathlib import Path
from typing import Any

from still_verl.integration.callbacks.reference import ReferenceReset


def test_it_is_renewed_after_every_so_many_steps_and_says_so(job: Any, trainer: Any) -> None:
    config = job(reference={"reset_every": 2})
    reset, run = ReferenceReset(config), trainer(config)
    said = [run.step(reset)["still/reference/reset"] for _ in range(5)]
    assert said == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert run.calls == [("reset",)] * 2


def test_checkpoints_hold_it_from_the_first_renewal_on(job: Any, trainer: Any, tmp_path: Path) -> None:
    """Before that it is the model that the run began with, which every run has."""
    config = job(reference={"reset_every": 2})
    reset, run = ReferenceReset(config), trainer(config)
    run.global_steps = 1
    reset.save(run, tmp_path)
    reset.load(run, tmp_path)
    assert run.calls == []
    run.global_steps = 2
    reset.save(run, tmp_path)
    reset.load(run, tmp_path)
    folder = str(tmp_path / "actor" / "reference")
    assert run.calls == [("save", folder), ("load", folder)]


def test_it_is_left_out_where_the_job_never_renews(job: Any) -> None:
    assert not ReferenceReset(job()).active
