"""From a step to a value: pure functions, so that a resumed run goes on exactly where it was.

Time is counted in finished steps: the first step of a run has time 0, as in the study's released code.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any


class ScheduleError(ValueError):
    """A setting of a schedule that cannot work; the message begins with its key."""


@dataclass
class ScheduleConfig:
    """A coefficient over a run.

    Attributes:
        kind: a key of `KINDS`, or "adaptive", or "own", which leaves verl's own setting alone.
        start: the value after the warm-up.
        end: the value from `horizon` on.
        horizon: when `end` is reached, in steps if above 1, else as a share of the run.
        warmup: how long the value rises from 0 to `start`, in the same unit; a part of `horizon`.
        points: of "piecewise", pairs of a time and a value, joined by straight lines.
        target: of "adaptive", the value that is observed and should be kept.
        rate: of "adaptive", how fast the coefficient follows.
        floor, ceiling: of "adaptive", the bounds of the coefficient.
    """

    kind: str = "own"
    start: float = 0.0
    end: float = 0.0
    horizon: float = 1.0
    warmup: float = 0.0
    points: list[Any] = field(default_factory=list)
    target: float | None = None
    rate: float | None = None
    floor: float = 0.0
    ceiling: float = 1.0

    def check(self, key: str) -> None:
        """Raise `ScheduleError` for what cannot work; `key` is where this node is in the config."""
        known = ("own", *KINDS, "adaptive")
        if self.kind not in known:
            raise ScheduleError(f"{key}.kind={self.kind!r}: use one of {', '.join(known)}")
        for name in ("start", "end", "warmup", "floor"):
            if getattr(self, name) < 0:
                raise ScheduleError(f"{key}.{name}={getattr(self, name)}: must not be negative")
        if self.horizon <= 0:
            raise ScheduleError(f"{key}.horizon={self.horizon}: give steps, or a share of the run in (0, 1]")
        if self.kind == "piecewise":
            _check_points(f"{key}.points", self.points)
        if self.kind == "adaptive":
            self._check_adaptive(key)

    def _check_adaptive(self, key: str) -> None:
        for name in ("target", "rate"):
            value = getattr(self, name)
            if value is None or value <= 0:
                raise ScheduleError(f"{key}.{name}={value}: an adaptive coefficient needs one above 0")
        if not self.floor <= self.start <= self.ceiling:
            raise ScheduleError(f"{key}.start={self.start}: not between floor={self.floor} and ceiling={self.ceiling}")


def _check_points(key: str, points: Sequence[Any]) -> None:
    # Checked here and not by a type: OmegaConf takes no integer for a number inside a list of lists.
    if len(points) < 2 or not all(_is_pair(point) for point in points):
        raise ScheduleError(f"{key}={points}: give at least two pairs [step, value]")
    if any(later[0] <= earlier[0] for earlier, later in pairwise(points)):
        raise ScheduleError(f"{key}={points}: the steps must increase")
    if any(value < 0 or time < 0 for time, value in points):
        raise ScheduleError(f"{key}={points}: neither steps nor values may be negative")


def _is_pair(point: Any) -> bool:
    return isinstance(point, list) and len(point) == 2 and all(isinstance(part, int | float) for part in point)


def value_at(config: ScheduleConfig, time: int, total: int) -> float:
    """The value at `time` (finished steps) of a run of `total` steps, for every kind but own and adaptive."""
    return KINDS[config.kind](config, time, total)


def in_steps(span: float, total: int) -> float:
    """A horizon or warm-up in steps; up to 1 it is a share of the run."""
    return span * total if span <= 1 else span


def _constant(config: ScheduleConfig, time: int, total: int) -> float:
    return config.start * _warmed(config, time, total)


def _linear(config: ScheduleConfig, time: int, total: int) -> float:
    return _decay(config, time, total, lambda progress: 1 - progress)


def _cosine(config: ScheduleConfig, time: int, total: int) -> float:
    """end + (start - end)(1 + cos(pi t/T))/2, and end after T (STILL-3, section 3.1.1, with T = 500)."""
    return _decay(config, time, total, lambda progress: (1 + math.cos(math.pi * progress)) / 2)


def _released_code(config: ScheduleConfig, time: int, total: int) -> float:
    """What the study's code applied: its loss had the annealed term and the fixed one (dp_actor.py, 834e1b7)."""
    return config.start + _cosine(config, time, total)


def _piecewise(config: ScheduleConfig, time: int, total: int) -> float:
    """Straight lines between the points, constant before the first and after the last."""
    if time <= config.points[0][0]:
        return config.points[0][1]
    for (t0, v0), (t1, v1) in pairwise(config.points):
        if time <= t1:
            return v0 + (v1 - v0) * (time - t0) / (t1 - t0)
    return config.points[-1][1]


def _decay(config: ScheduleConfig, time: int, total: int, shape: Callable[[float], float]) -> float:
    """Warm-up, then from `start` to `end` by `shape`, which falls from 1 to 0 as progress goes from 0 to 1."""
    warmup, horizon = in_steps(config.warmup, total), in_steps(config.horizon, total)
    if time < warmup:
        return config.start * time / warmup
    if time >= horizon:
        return config.end
    return config.end + (config.start - config.end) * shape((time - warmup) / (horizon - warmup))


def _warmed(config: ScheduleConfig, time: int, total: int) -> float:
    warmup = in_steps(config.warmup, total)
    return time / warmup if time < warmup else 1.0


KINDS: dict[str, Callable[[ScheduleConfig, int, int], float]] = {
    "constant": _constant,
    "linear": _linear,
    "cosine": _cosine,
    "piecewise": _piecewise,
    "released_code": _released_code,
}


def follow_kl(config: ScheduleConfig, value: float, kl: float) -> float:
    """The next coefficient of a KL that should stay near its target (Ziegler et al. 2019, arXiv 1909.08593, 2.2).

    It changes by at most a fifth of `rate` a step: value * (1 + rate * clip(kl/target - 1, -0.2, 0.2)).
    """
    assert config.target is not None and config.rate is not None
    error = min(max(kl / config.target - 1, -0.2), 0.2)
    return _bounded(config, value * (1 + config.rate * error))


def follow_entropy(config: ScheduleConfig, value: float, entropy: float) -> float:
    """The next entropy coefficient: up by `rate` while the entropy is below its target, down by `rate` while above
    (Skywork-OR1, arXiv 2505.22312, which also switches the bonus off in a step that is above)."""
    assert config.target is not None and config.rate is not None
    return _bounded(config, value + (config.rate if entropy < config.target else -config.rate))


def _bounded(config: ScheduleConfig, value: float) -> float:
    return min(max(value, config.floor), config.ceiling)
