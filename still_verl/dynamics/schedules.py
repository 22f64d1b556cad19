"""From a step to a value: pure functions, so that a resumed run goes on exactly where it was.

Time is counted in finished steps: the first step of a run has time 0, as in the study's released code.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.dynamics.registries import SCHEDULES
from still_verl.registry import as_number, in_one_line

INHERIT = "inherit"  # leave verl's own setting alone
ADAPTIVE = "adaptive"  # follow what is observed, see `coefficient`


@dataclass
class ScheduleConfig:
    """A coefficient over a run.

    Attributes:
        kind: a name of `registries.SCHEDULES`, the dotted name of your own `Schedule`, "adaptive", or "inherit", which
            leaves verl's own setting alone.
        start: the value after the warm-up.
        end: the value from `horizon` on.
        horizon: when `end` is reached, in steps if above 1, else as a share of the run.
        warmup: how long the value rises from 0 to `start`, in the same unit; a part of `horizon`.
        points: of "piecewise", pairs of a time and a value, joined by straight lines.
        target: of "adaptive", the value that is observed and should be kept.
        rate: of "adaptive", how fast the coefficient follows.
        floor, ceiling: of "adaptive", the bounds of the coefficient.
    """

    kind: str = INHERIT
    start: float = 0.0
    end: float = 0.0
    horizon: float = 1.0
    warmup: float = 0.0
    points: list[Any] = field(default_factory=list)
    target: float | None = None
    rate: float | None = None
    floor: float = 0.0
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        if self.kind == "own":  # its name until 0.1; read for one release
            self.kind = INHERIT

    @property
    def scheduled(self) -> bool:
        """Whether the value follows from the step alone, so that it can be known before the run."""
        return self.kind not in (INHERIT, ADAPTIVE)

    def check(self, key: str) -> None:
        """Refuse what cannot work.

        Args:
            key: where this node is in the config.

        Raises:
            ConfigError: names the key below `key`, its value and what is allowed.
        """
        known = (INHERIT, *SCHEDULES, ADAPTIVE)
        if self.kind not in known and "." not in self.kind:
            hint = did_you_mean(self.kind, known)
            raise ConfigError(
                f"{key}.kind={self.kind!r}: use one of {', '.join(known)}, or the dotted name of {SCHEDULES.expects} "
                f"of your own{hint}"
            )
        for name in ("start", "end", "horizon", "warmup", "target", "rate", "floor", "ceiling"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ConfigError(f"{key}.{name}={value}: use a finite number")
        for name in ("start", "end", "warmup", "floor"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{key}.{name}={getattr(self, name)}: use a number of at least 0")
        if self.horizon <= 0:
            raise ConfigError(f"{key}.horizon={self.horizon}: give steps, or a share of the run in (0, 1]")
        if self.kind == "piecewise":
            _check_points(f"{key}.points", self.points)
        if self.kind == ADAPTIVE:
            self._check_adaptive(key)

    def _check_adaptive(self, key: str) -> None:
        for name in ("target", "rate"):
            value = getattr(self, name)
            if value is None or value <= 0:
                raise ConfigError(f"{key}.{name}={value}: give an adaptive coefficient a value above 0")
        if not self.floor <= self.start <= self.ceiling:
            raise ConfigError(
                f"{key}.start={self.start}: not between floor={self.floor} and ceiling={self.ceiling}; move one of them"
            )


Schedule = Callable[[ScheduleConfig, int, int], float]


def _check_points(key: str, points: Sequence[Any]) -> None:
    # Checked here and not by a type: OmegaConf takes no integer for a number inside a list of lists.
    if len(points) < 2 or not all(map(_is_pair, points)):
        raise ConfigError(f"{key}={points}: give at least two pairs [step, value]")
    for earlier, later in pairwise(points):
        if later[0] <= earlier[0]:
            raise ConfigError(f"{key}={points}: give steps that increase")
    for time, value in points:
        if value < 0 or time < 0:
            raise ConfigError(f"{key}={points}: use steps and values of at least 0")
        if not math.isfinite(value) or not math.isfinite(time):
            raise ConfigError(f"{key}={points}: use finite numbers")


def _is_pair(point: Any) -> bool:
    return isinstance(point, list) and len(point) == 2 and all(isinstance(part, int | float) for part in point)


def value_at(config: ScheduleConfig, time: int, total: int) -> float:
    """Return the value of a schedule at a time.

    Args:
        config: of any kind but "inherit" and "adaptive".
        time: finished steps; 0 in the first step.
        total: steps of the whole run.

    Raises:
        ConfigError: there is no such schedule, it raised, or its value is no finite number of at least 0.

    Example:
        >>> halfway = ScheduleConfig(kind="linear", start=0.01, end=0.0, horizon=0.5)
        >>> [value_at(halfway, time, total=100) for time in (0, 25, 50)]
        [0.01, 0.005, 0.0]
    """
    schedule = SCHEDULES.find(config.kind)
    where = f"the schedule {config.kind} in step {time + 1} of {total}"
    try:
        value = schedule(config, time, total)
    except Exception as error:  # whatever the user's own code raises
        raise ConfigError(f"{where} raised {in_one_line(error)}; correct that function") from error
    number = as_number(value)
    if number is None or number < 0:
        raise ConfigError(f"{where} returned {value!r:.80}: return a finite number of at least 0")
    return number


def values_of(config: ScheduleConfig, total: int) -> list[float]:
    """Return the value of each of `total` steps; raises as `value_at`."""
    return [value_at(config, time, total) for time in range(total)]


def in_steps(span: float, total: int) -> float:
    """Return a horizon or warm-up in steps; up to 1 it is a share of the run."""
    return span * total if span <= 1 else span


def constant(config: ScheduleConfig, time: int, total: int) -> float:
    """Stay at `start`, after the warm-up."""
    warmup = in_steps(config.warmup, total)
    return config.start * time / warmup if time < warmup else config.start


def linear(config: ScheduleConfig, time: int, total: int) -> float:
    """Go from `start` to `end` in a straight line."""
    return _decay(config, time, total, lambda progress: 1 - progress)


def cosine(config: ScheduleConfig, time: int, total: int) -> float:
    """Return end + (start - end)(1 + cos(pi t/T))/2, and end after T (STILL-3, section 3.1.1, with T = 500)."""
    return _decay(config, time, total, lambda progress: (1 + math.cos(math.pi * progress)) / 2)


def released_code(config: ScheduleConfig, time: int, total: int) -> float:
    """Return what the study's code applied: the annealed term and the fixed one, added (dp_actor.py, 834e1b7)."""
    return config.start + cosine(config, time, total)


def piecewise(config: ScheduleConfig, time: int, total: int) -> float:
    """Join the points by straight lines; constant before the first and after the last."""
    first_time, first_value = config.points[0]
    if time <= first_time:
        return first_value
    for (t0, v0), (t1, v1) in pairwise(config.points):
        if time <= t1:
            share = (time - t0) / (t1 - t0)
            return (1 - share) * v0 + share * v1  # never below both by a rounding error, which would be negative
    return config.points[-1][1]


def _decay(config: ScheduleConfig, time: int, total: int, shape: Callable[[float], float]) -> float:
    """Warm up, then go from `start` to `end` by `shape`, which falls from 1 to 0 as progress goes from 0 to 1."""
    warmup, horizon = in_steps(config.warmup, total), in_steps(config.horizon, total)
    if time < warmup:
        return config.start * time / warmup
    if time >= horizon:
        return config.end
    return config.end + (config.start - config.end) * shape((time - warmup) / (horizon - warmup))
