"""A run that would not go on from its last checkpoint, but begin anew in silence, is refused."""

from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf
from verl.utils.checkpoint.checkpoint_manager import find_latest_ckpt_path

from still_verl.config_errors import ConfigError
from still_verl.integration.checks.resume import TRACKER, check_resume


def job(folder: Path, mode: str = "auto") -> DictConfig:
    return OmegaConf.create({"trainer": {"default_local_dir": str(folder), "resume_mode": mode}})


def test_a_first_run_and_one_with_its_checkpoint_pass(tmp_path: Path) -> None:
    check_resume(job(tmp_path / "none"))
    (tmp_path / TRACKER).write_text("30")
    (tmp_path / "global_step_30" / "actor").mkdir(parents=True)
    check_resume(job(tmp_path))
    assert find_latest_ckpt_path(str(tmp_path)) == str(tmp_path / "global_step_30")


def test_a_checkpoint_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / TRACKER).write_text("30")
    assert find_latest_ckpt_path(str(tmp_path)) is None  # verl begins anew
    with pytest.raises(ConfigError, match="names global_step_30, which is not there; set trainer.resume_mode=disable"):
        check_resume(job(tmp_path))
    check_resume(job(tmp_path, "disable"))
    (tmp_path / "global_step_30").mkdir()  # verl deletes old weights, and leaves their folder
    with pytest.raises(ConfigError, match="names global_step_30, which has no folder actor; set trainer.resume_mode"):
        check_resume(job(tmp_path))


@pytest.mark.parametrize("text", ["", "3 0", "-1", "\x00" * 4])
def test_a_tracker_that_a_kill_tore(tmp_path: Path, text: str) -> None:
    (tmp_path / TRACKER).write_text(text)
    with pytest.raises(ConfigError, match="no number of a step") as error:
        check_resume(job(tmp_path))
    assert "\n" not in str(error.value)
