"""The node `still.schedules`: any number that the actor's loss reads, or the learning rate, by its own schedule."""

from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.dynamics.schedules import ADAPTIVE, INHERIT, ScheduleConfig

NODE = "still.schedules"
LEARNING_RATE = "lr"
EXAMPLE = "{kind: linear, start: 0.2, end: 0.28}"


def numbers(node: Mapping[str, Any] | None) -> dict[str, ScheduleConfig]:
    """Read the node: from the name of a number, dotted where it stands below another, to its schedule.

    Raises:
        ConfigError: names what is no schedule, or cannot work.

    Example:
        >>> found = numbers({"policy_loss": {"clip_cov_ratio": {"kind": "constant", "start": 0.01}}})
        >>> found["policy_loss.clip_cov_ratio"].start
        0.01
    """
    found: dict[str, ScheduleConfig] = {}
    for name, given in _schedules("", node or {}):
        if name in found:
            raise ConfigError(f"{NODE}.{name}={dict(given)}: it is there twice; drop one of the two")
        found[name] = _schedule(f"{NODE}.{name}", given)
    return found


def _schedules(above: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield name and settings of each schedule at a node and below; a schedule is a mapping with a kind."""
    for key, value in node.items():
        name = f"{above}.{key}".removeprefix(".")
        if not isinstance(value, Mapping) or not value:
            raise ConfigError(f"{NODE}.{name}={value!r}: give each number a schedule with its kind, such as {EXAMPLE}")
        if "kind" in value:
            yield name, value
        else:
            yield from _schedules(name, value)


def _schedule(key: str, given: Mapping[str, Any]) -> ScheduleConfig:
    try:
        settings = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(ScheduleConfig), dict(given)))
    except ConfigKeyError as error:
        hint = did_you_mean(str(error.key), list(ScheduleConfig.__dataclass_fields__)) or "; drop it"
        raise ConfigError(f"{key}.{error.key}={given[str(error.key)]!r} is no setting of a schedule{hint}") from error
    except OmegaConfBaseException as error:
        name = error.full_key or "kind"
        problem = str(error.msg).splitlines()[0]
        raise ConfigError(f"{key}.{name}={given.get(name)!r}: {problem}; correct it, as in {EXAMPLE}") from error
    assert isinstance(settings, ScheduleConfig)  # as its schema says
    if settings.kind == ADAPTIVE:
        raise ConfigError(
            f"{key}.kind='adaptive': only still.kl and still.entropy follow something; choose another kind"
        )
    if settings.kind == INHERIT:
        raise ConfigError(f"{key}.kind='inherit': such a number keeps verl's value anyway; drop it here")
    settings.check(key)
    return settings
