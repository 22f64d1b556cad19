"""A job that keeps one checkpoint has one to resume from at every moment. verl's own bookkeeping deletes here."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf
from verl.utils.checkpoint.checkpoint_manager import BaseCheckpointManager

from still_verl.integration.checkpoints import keep_two


def job(**trainer: Any) -> DictConfig:
    return OmegaConf.create({"trainer": {"max_actor_ckpt_to_keep": None, "max_critic_ckpt_to_keep": None, **trainer}})


def save(folder: Path, keep: int, steps: int) -> tuple[list[bool], int]:
    """Save after each step as verl does: make room, write, enter it into the books; its trainer then names the step.

    Returns whether the one that is named was there all the time, and how many there were at most.
    """
    manager: Any = object.__new__(BaseCheckpointManager)
    manager.previous_saved_paths = []
    there, most, named = [], 0, None
    for step in range(1, steps + 1):
        manager.ensure_checkpoint_capacity(keep)
        there.append(named is None or named.is_dir())
        path = folder / f"global_step_{step}" / "actor"
        path.mkdir(parents=True)
        most = max(most, len(list(folder.glob("*/actor"))))
        manager.register_checkpoint(str(path), keep)
        there.append(named is None or named.is_dir())
        named = path
    return there, most


def test_one_checkpoint_to_keep_is_no_moment_without_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = job(max_actor_ckpt_to_keep=1)
    before, room_before = save(tmp_path / "before", asked.trainer.max_actor_ckpt_to_keep, steps=4)
    keep_two(asked)
    now, room = save(tmp_path / "now", asked.trainer.max_actor_ckpt_to_keep, steps=4)
    assert not all(before), "verl 0.9.1 keeps it: keep_two is not needed any more"
    assert all(now) and room == room_before == 2
    assert capsys.readouterr().out.count("still_verl: trainer.max_actor_ckpt_to_keep=1 keeps 2: verl deletes") == 1


@pytest.mark.parametrize("keep", [None, 2, 5, -1])
def test_any_other_number_stays(keep: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    asked = job(max_actor_ckpt_to_keep=keep, max_critic_ckpt_to_keep=keep)
    keep_two(asked)
    assert asked == job(max_actor_ckpt_to_keep=keep, max_critic_ckpt_to_keep=keep)
    assert "still_verl" not in capsys.readouterr().out


def test_the_older_setting_means_one_of_each() -> None:
    asked = job(remove_previous_ckpt_in_save=True)
    keep_two(asked)
    trainer = asked.trainer
    assert trainer.max_actor_ckpt_to_keep == trainer.max_critic_ckpt_to_keep == 2
    assert not trainer.remove_previous_ckpt_in_save
