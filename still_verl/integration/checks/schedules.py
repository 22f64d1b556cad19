"""Every schedule is evaluated in every step of the run: values must be in their range, and what is set be read."""

import math
from collections.abc import Iterable
from dataclasses import fields, replace

from omegaconf import DictConfig

from still_verl.config import SCHEDULED, StillConfig
from still_verl.config_errors import ConfigError
from still_verl.dynamics.coefficient import Coefficient, Follow, follow_entropy, follow_kl
from still_verl.dynamics.numbers import NODE
from still_verl.dynamics.registries import SCHEDULES
from still_verl.dynamics.schedules import INHERIT, ScheduleConfig, in_steps, value_at
from still_verl.integration.checks.ranges import RANGES as VERL_RANGES
from still_verl.integration.checks.run_length import run_length
from still_verl.tracked import tracked

# What each value may be. Below 0.01 vLLM samples at 0.01 all the same, while log-probs would divide by less. Above the
# upper ends a term outweighs every reward: a missing minus in an exponent. Other numbers may be what verl's own setting
# may be.
RANGES = {
    "still.kl": (0.0, 10.0),
    "still.entropy": (0.0, 1.0),
    "still.temperature": (0.01, 10.0),
    "still.schedules.lr": (0.0, 1.0),
}
FOLLOWS: dict[str, Follow] = {"still.kl": follow_kl, "still.entropy": follow_entropy}

# Steps that an adaptive coefficient is tried for. It moves in the first, or never.
TRIAL = 3


def check_schedules(config: DictConfig, still: StillConfig) -> None:
    """Evaluate all schedules of a job.

    Raises:
        ConfigError: a value that is none, or out of its range; names the step. Or a setting that the kind ignores.
    """
    total = run_length(config)
    for name in SCHEDULED:
        settings: ScheduleConfig = getattr(still, name)
        if settings.kind == INHERIT:
            check_all_read(f"still.{name}", settings, ())
    for key, settings in still.driven.items():
        node, read = tracked(settings)
        if settings.scheduled:
            nominal = total or nominal_length(settings)
            check_values(key, node, nominal, *range_of(key))
            if {"warmup", "horizon"} <= read:
                check_span(key, settings, nominal)
        else:
            follow_both_ways(key, node, FOLLOWS[key])
            if key == "still.kl":
                check_rate(key, settings)
            read.add("gate")  # before each update
        check_all_read(key, settings, read)


def range_of(key: str) -> tuple[float, float]:
    """Return both ends of what the values of a schedule may be."""
    if key in RANGES:
        return RANGES[key]
    allowed = VERL_RANGES.get(f"actor_rollout_ref.actor.{key.removeprefix(NODE + '.')}")
    if allowed is None:
        return 0.0, math.inf
    # Where the low end itself is not allowed, the smallest number above it is.
    return math.nextafter(allowed.low, math.inf) if allowed.above else allowed.low, allowed.high


def nominal_length(settings: ScheduleConfig) -> int:
    """Return a length that shows the whole of a schedule, for a run whose data say only later how long it is."""
    ends = [1000.0, settings.horizon, settings.warmup]
    for point in settings.points:
        ends.append(float(point[0]))
    return int(max(ends)) + 1


def check_span(key: str, settings: ScheduleConfig, total: int) -> None:
    """Refuse a warm-up that leaves no time to decay, for a kind that reads both."""
    if in_steps(settings.warmup, total) >= in_steps(settings.horizon, total):
        raise ConfigError(
            f"{key}.warmup={settings.warmup}: not below {key}.horizon={settings.horizon}, so that the value would fall "
            "from its top to its end in one step; lower the warm-up, or use kind=constant"
        )


def check_values(key: str, settings: ScheduleConfig, total: int, low: float, high: float) -> None:
    """Evaluate a schedule in each step; one of ours also at its end, which a longer run would reach.

    Raises:
        ConfigError: names the first step in which the value is out of [low, high], or no number.
    """
    where = f"{key}.kind={settings.kind}"
    ends_later = settings.kind in SCHEDULES
    for time in range(total + ends_later):
        try:
            value = value_at(settings, time, total)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
        if not low <= value <= high:
            step = f"in step {time + 1} of {total}"
            if time == total:
                step = f"after the last of {total} steps"
            allowed = f"from {low:g} to {high:g}" if high < math.inf else f"of at least {low:g}"
            raise ConfigError(f"{where}: the value {step} is {value:g}; use values {allowed}")


def follow_both_ways(key: str, settings: ScheduleConfig, follow: Follow) -> None:
    """Let an adaptive coefficient follow what is far above and far below its target.

    Raises:
        ConfigError: it never moves.
    """
    target, start = settings.target, settings.start
    assert target is not None  # as its own check says
    ends = set()
    for seen in (0.0, 100 * target):
        coefficient = Coefficient(settings, follow)
        for step in range(TRIAL):
            ends.add(coefficient.at(step + 1, TRIAL))
            coefficient.observe(seen)
        ends.add(coefficient.at(TRIAL, TRIAL))
    if ends == {start}:
        raise ConfigError(
            f"{key}.start={start}: an adaptive coefficient would stay there for ever between floor={settings.floor} "
            f"and ceiling={settings.ceiling}; give it a start or a floor above 0, and room to move"
        )


def check_rate(key: str, settings: ScheduleConfig) -> None:
    """Refuse a rate by which one low KL would turn the coefficient negative, or to 0 for ever."""
    free = replace(settings, floor=-float("inf"), ceiling=float("inf"))
    if follow_kl(free, 1.0, 0.0) <= 0:
        raise ConfigError(
            f"{key}.rate={settings.rate}: a step changes the coefficient by up to rate/5 of it; use below 5"
        )


def check_all_read(key: str, settings: ScheduleConfig, read: Iterable[str]) -> None:
    """Refuse what is set and what the kind did not read in any step."""
    default = type(settings)()
    beside = {"kind", "place"}  # read by others: which kind it is, and where its value goes
    if settings.kind == INHERIT:
        beside = {"kind"}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name in beside or field.name in read or value == getattr(default, field.name):
            continue
        choice = "" if key.startswith(NODE) else f" (still/{key.removeprefix('still.')}=...)"
        raise ConfigError(
            f"{key}.{field.name}={value}: {key}.kind={settings.kind} does not read it; drop it, or choose a kind that "
            f"does{choice}"
        )
