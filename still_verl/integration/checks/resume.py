"""The checkpoint that a job would resume from is there: where it is not, verl begins anew and says so in no error."""

from pathlib import Path

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError

TRACKER = "latest_checkpointed_iteration.txt"  # verl's; the number of the step to resume after


def check_resume(config: DictConfig) -> None:
    """Check that the tracker of a run's checkpoints names one that exists.

    A kill may leave the tracker empty, and whoever needs room on a disk may delete the folder that it names. The new
    run would then overwrite what is left of the old one.

    Raises:
        ConfigError: it names none.
    """
    trainer = config.trainer
    if trainer.resume_mode != "auto":
        return
    checkpoints = Path(str(trainer.default_local_dir))
    tracker = checkpoints / TRACKER
    if not tracker.is_file():
        return
    step = tracker.read_text(errors="replace").strip()
    fix = "set trainer.resume_mode=disable to begin anew, or resume from another with trainer.resume_mode=resume_path"
    if not step.isdecimal():
        found = f"{TRACKER} has {step!r:.40}, no number of a step"
        raise ConfigError(f"trainer.default_local_dir={checkpoints}: {found}; {fix}")
    if not (checkpoints / f"global_step_{step}").is_dir():
        raise ConfigError(
            f"trainer.default_local_dir={checkpoints}: {TRACKER} names global_step_{step}, which is not there; {fix}"
        )
