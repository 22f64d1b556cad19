"""When the reference is renewed, saved and loaded; that it becomes the actor is tested on real workers."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from still_verl.integration.callbacks.reference import ReferenceReset
from still_verl.integration.per_token import KL


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
    run.step(reset)
    reset.save(run, tmp_path)
    assert run.calls == [] and not reset.state_dict()["renewed"]
    run.step(reset)
    reset.save(run, tmp_path)
    assert run.calls == [("reset",), ("save", str(tmp_path / "actor" / "reference"))]
    assert reset.state_dict()["renewed"]


@pytest.mark.parametrize("every", [0, 40, 50])
@pytest.mark.parametrize("state", [{"renewed": True}, {}], ids=["ours", "of an older version"])
def test_the_checkpoint_says_whether_it_is_loaded(
    job: Any, trainer: Any, tmp_path: Path, every: int, state: dict[str, bool]
) -> None:
    """And not the interval of the resumed run: at step 45, 50 would leave out a reference of step 40.

    The checkpoints of the resumed run hold it too, whether or not it is renewed once more.
    """
    config = job(reference={"reset_every": every})
    reset, run = ReferenceReset(config), trainer(config)
    run.global_steps, run.has_reference = 45, [True, True]
    reset.load_state_dict(state)
    reset.load(run, tmp_path)
    reset.save(run, tmp_path / "next")
    assert run.calls == [
        ("load", str(tmp_path / "actor/reference"), False),
        ("save", str(tmp_path / "next/actor/reference")),
    ]


@pytest.mark.parametrize("state", [{"renewed": False}, {}])
def test_a_checkpoint_without_one_is_resumed_with_the_first_model(
    job: Any, trainer: Any, tmp_path: Path, state: dict[str, bool]
) -> None:
    """At step 45, an interval of 40 would load what a run with 50 never wrote."""
    config = job(reference={"reset_every": 40})
    reset, run = ReferenceReset(config), trainer(config)
    run.global_steps = 45
    reset.load_state_dict(state)
    reset.load(run, tmp_path)
    reset.save(run, tmp_path)
    assert run.calls == []


@pytest.mark.parametrize(
    ("found", "renewed", "said"),
    [([False, True], False, "1 of 2 ranks do not find"), ([False, False], True, "2 of 2 ranks do not find")],
)
def test_a_checkpoint_that_has_lost_it_is_refused(
    job: Any, trainer: Any, tmp_path: Path, found: list[bool], renewed: bool, said: str
) -> None:
    config = job(reference={"reset_every": 40})
    reset, run = ReferenceReset(config), trainer(config)
    run.has_reference = found
    reset.load_state_dict({"renewed": renewed})
    with pytest.raises(RuntimeError, match=said):
        reset.load(run, tmp_path)
    assert run.calls == []


def test_models_that_are_sharded_otherwise_end_the_run_before_its_first_step(job: Any, trainer: Any) -> None:
    config = job(reference={"reset_every": 40})
    run = trainer(config)
    run.misfits = ["", "head: the shard to write has another size"]
    with pytest.raises(RuntimeError, match="reset_every=40: the actor cannot be copied: head: the shard"):
        ReferenceReset(config).on_init_end(run)


def test_it_is_part_of_every_run_with_a_reference_model(job: Any, trainer: Any) -> None:
    """So that a checkpoint which holds one is never resumed without it; without resets it says nothing."""
    config = job()
    assert ReferenceReset(config).active
    assert trainer(config).step(ReferenceReset(config)) == {}
    config.actor_rollout_ref.actor.use_kl_loss = False
    assert not ReferenceReset(config).active
    config.algorithm.use_kl_in_reward = True
    assert ReferenceReset(config).active
    config.actor_rollout_ref.model.lora_adapter_path = "adapter"
    assert not ReferenceReset(config).active


def test_a_kl_above_the_bound_resets_it_and_a_resumed_run_goes_on_counting(job: Any, trainer: Any) -> None:
    """Two steps in a row above, and three steps between two resets; a step without KL counts as nothing."""
    config = job(reference={"reset_above": 0.1, "reset_patience": 2, "reset_distance": 3})
    seen = [0.2, 0.05, 0.2, None, 0.3, 0.4, 0.4, math.nan, 0.5, 0.1]
    expected = [0, 0, 0, 0, 1, 0, 0, 0, 1, 0]
    for interrupted in (None, *range(len(seen))):
        reset, run = ReferenceReset(config), trainer(config)
        resets = []
        for step, kl in enumerate(seen):
            if step == interrupted:
                state = json.loads(json.dumps(reset.state_dict()))
                reset = ReferenceReset(config)
                reset.load_state_dict(state)
            metrics = {"actor/grad_norm": 1.0} if kl is None else {KL: kl}
            resets.append(run.step(reset, **metrics)["still/reference/reset"])
        assert resets == expected, interrupted
        assert run.calls == [("reset",)] * 2


def test_a_bound_and_an_interval_share_their_distance(job: Any, trainer: Any) -> None:
    config = job(reference={"reset_every": 4, "reset_above": 0.1, "reset_distance": 3})
    reset, run = ReferenceReset(config), trainer(config)
    assert [run.step(reset, **{KL: 0.2})["still/reference/reset"] for _ in range(8)] == [0, 0, 1, 1, 0, 0, 1, 1]


def test_an_average_follows_every_so_many_steps_and_is_resumed_as_one(job: Any, trainer: Any, tmp_path: Path) -> None:
    config = job(reference={"ema": 0.9, "ema_every": 2})
    average, run = ReferenceReset(config), trainer(config)
    assert [run.step(average)["still/reference/ema"] for _ in range(4)] == [0, 1, 0, 1]
    average.save(run, tmp_path)
    run.has_reference = [True, True]
    average.load(run, tmp_path)
    folder = str(tmp_path / "actor/reference")
    assert run.calls == [("average", 0.9), ("average", 0.9), ("save", folder), ("load", folder, True)]
