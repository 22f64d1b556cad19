"""The checkpoint that a job would resume from is there: where it is not, verl begins anew and says so in no error."""

from pathlib import Path

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError

TRACKER = "latest_checkpointed_iteration.txt"  # verl's; the number of the step to resume after


def check_resume(config: DictConfig) -> None:
    """Check that the tracker of a run's checkpoints names one that exists.

    A kill may leave the tracker empty, and whoever needs room on a disk may delete the folder that it names, or only
    the weights in it, as verl does. The new run would then overwrite what is left of the old one, or fail in Ray.

    Raises:
        ConfigError: it names none.
    """
    trainer = config.trainer
    if trainer.resume_mode == "resume_path":
        check_named(config)
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
    named = checkpoints / f"global_step_{step}"
    if not (named / "actor").is_dir():
        lacks = "has no folder actor" if named.is_dir() else "is not there"
        raise ConfigError(
            f"trainer.default_local_dir={checkpoints}: {TRACKER} names {named.name}, which {lacks}; {fix}"
        )


def check_named(config: DictConfig) -> None:
    """Check that a checkpoint that is named is there."""
    name = config.trainer.resume_from_path
    key = f"trainer.resume_from_path={name}"
    if not name or "global_step_" not in Path(str(name)).name:
        raise ConfigError(
            f"{key}: trainer.resume_mode=resume_path needs a checkpoint; give its folder, .../global_step_N"
        )
    if not Path(str(name), "actor").is_dir():
        what = "it has no folder actor" if Path(str(name)).is_dir() else "there is no such folder"
        raise ConfigError(f"{key}: {what}; name a checkpoint, or set trainer.resume_mode=auto")
