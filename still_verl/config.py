"""The `still:` node of a job: every key with its type and default, and one clear error per mistake."""

from dataclasses import dataclass, field, fields
from difflib import get_close_matches

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

DEVICES = ("auto", "cpu")


class ConfigError(ValueError):
    """A key of the job's config has a value that cannot work; the message names key, value and fix."""


@dataclass
class StillConfig:
    """Everything of ours that a recipe or the command line can set.

    Attributes:
        name: the recipe's name; the run folder is called by it.
        run_dir: where a run keeps its metrics, dumps and checkpoints; None writes nothing.
        device: "cpu" runs without an accelerator, "auto" leaves the device to verl.
        callbacks: dotted names of `still_verl.trainer.callbacks.Callback` classes, called in this order.
    """

    name: str = "still"
    run_dir: str | None = None
    device: str = "auto"
    callbacks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise ConfigError(f"still.device={self.device!r}: use one of {', '.join(DEVICES)}")
        for name in self.callbacks:
            if "." not in name:
                raise ConfigError(f"still.callbacks has {name!r}: give the dotted name of a class, pkg.module.Class")


def still_config(config: DictConfig) -> StillConfig:
    """The validated `still:` node of the whole job's config; defaults where the job has none.

    Raises:
        ConfigError: unknown key (with the nearest known one), wrong type, or a value that is not allowed.
    """
    node = config.get("still")
    if node is None:
        return StillConfig()
    try:
        merged = OmegaConf.merge(OmegaConf.structured(StillConfig), OmegaConf.to_container(node, resolve=True))
        return OmegaConf.to_object(merged)  # type: ignore[return-value]
    except ConfigKeyError as error:
        raise ConfigError(_unknown_key(str(error.key))) from error
    except OmegaConfBaseException as error:
        key = f"still.{error.full_key}" if error.full_key else "still"
        raise ConfigError(f"{key}: {str(error.msg).splitlines()[0]}") from error


def _unknown_key(key: str) -> str:
    known = [f.name for f in fields(StillConfig)]
    nearest = get_close_matches(key, known, n=1)
    hint = f"did you mean still.{nearest[0]}?" if nearest else f"known keys are {', '.join(known)}"
    return f"still.{key} is not a setting of still_verl: {hint}"
