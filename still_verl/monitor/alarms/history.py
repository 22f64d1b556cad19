"""What is kept of one signal: its last values, its level over the whole run, and how noisy it is.

Memory is bounded: after 10,000 steps as much is kept as after 1,000. Values are kept on the signal's scale.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from still_verl.monitor.alarms.noise import Noise, estimate_noise
from still_verl.monitor.alarms.scales import Scale

VALUES = 240  # last values that are kept
LEVELS = 400  # levels that are kept; when there are more, every second one of the older half is dropped
NOISE_EVERY = 10  # values between two estimates of the noise
LATE = 30  # levels among which a slow change of the last time is looked for
RECENT = 8  # levels among which a sudden change is looked for: an onset of 20 values, and some more
TRIMMED = 5  # one in so many values is left out at either end of a mean


@dataclass(frozen=True)
class Pace:
    """How many values it takes to know something.

    Attributes:
        now: values that are compared as those of now when a sudden change is looked for.
        level: values that a level is the mean of.
        every: values between two levels.
        fewest: values that an estimate of the noise needs.
        usual: correlation of a value's noise with the next one's, where it is not known.
        gap: last values that do not count as noise, since a failure that is about to be found may be among them.
    """

    now: int
    level: int
    every: int
    fewest: int
    usual: float
    gap: int


EACH_STEP = Pace(now=5, level=20, every=5, fewest=10, usual=0.6, gap=35)
# Of validations there are few, and each is of many samples of its own.
NOW_AND_THEN = Pace(now=2, level=5, every=1, fewest=4, usual=0.2, gap=3)


class Level(NamedTuple):
    """The level of a signal at one time.

    Attributes:
        end: the values that the run had until then.
        step: of the last of them.
        value: the mean, on the signal's scale.
        size: the values that it is the mean of.
    """

    end: int
    step: int
    value: float
    size: int

    @property
    def middle(self) -> float:
        """The count of values at the middle of those that it is the mean of."""
        return self.end - self.size / 2


EXTREMES = ("lowest", "highest", "recent_lowest", "recent_highest", "late_lowest", "late_highest")
VALUE, STEP, END = attrgetter("value"), attrgetter("step"), attrgetter("end")


def trimmed_mean(values: Sequence[float]) -> float:
    """Return the mean without the lowest and the highest fifth, so that one value alone moves nothing.

    Example:
        >>> trimmed_mean([1.0, 2.0, 3.0, 2.0, 1000.0])
        2.3333333333333335
    """
    ordered = sorted(values)
    size = len(ordered)
    trim = size // TRIMMED
    return sum(ordered[trim : size - trim]) / (size - 2 * trim)


def trimmed_means(values: Sequence[float], size: int) -> np.ndarray:
    """Return the trimmed mean of every `size` values in a row; nothing if they are fewer.

    Example:
        >>> trimmed_means([1.0, 2.0, 3.0, 2.0, 1000.0, 2.0], 5).round(2).tolist()
        [2.33, 2.33]
    """
    if len(values) < size:
        return np.empty(0)
    trim = size // TRIMMED
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(np.asarray(values), size), axis=-1)
    means: np.ndarray = windows[:, trim : size - trim].mean(axis=-1)
    return means


@dataclass
class History:
    """One signal of a run, step by step.

    Attributes:
        scale: what values are transformed by.
        pace: how often there is a value.
        count: values of the whole run.
        steps: of the last values.
        values: the last values, on the scale.
        levels: of the whole run, oldest first.
        lowest: the lowest level of the run that has no value in common with the one of now; None at its beginning.
        highest: the highest one.
        recent_lowest: the lowest level of the `RECENT` last ones before the newest; None at its beginning.
        recent_highest: the highest one.
        late_lowest: the lowest of the `LATE` last levels that have no value in common with the newest.
        late_highest: the highest one.
        noise: of one value, as it was before the last steps; None until there are enough values.
        memo: what was computed of the values of now; empty after the next value.
        level_memo: what was computed of the levels of now; empty after the next level.
    """

    scale: Scale
    pace: Pace = EACH_STEP
    count: int = 0
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    lowest: Level | None = None
    highest: Level | None = None
    recent_lowest: Level | None = None
    recent_highest: Level | None = None
    late_lowest: Level | None = None
    late_highest: Level | None = None
    noise: Noise | None = None
    memo: dict[Any, Any] = field(default_factory=dict)
    level_memo: dict[Any, Any] = field(default_factory=dict)

    def add(self, step: int, value: float) -> None:
        """Take in a value, which is finite. A step that was there before, as after a resume, replaces what followed."""
        if self.steps and step <= self.steps[-1]:
            self.rewind(step)
        self.memo.clear()
        self.count += 1
        self.steps.append(step)
        self.values.append(self.scale.transform(value))
        if len(self.values) > VALUES:
            del self.steps[0], self.values[0]
        if self.count % self.pace.every == 0:
            self.level_memo.clear()
            self.levels.append(self.level(self.pace.level))
            self._extend_extremes()
            self._thin()
        if self.count % NOISE_EVERY == 0 or self.noise is None:
            self.noise = self._estimate()

    def rewind(self, step: int) -> None:
        """Forget everything from a step on."""
        while self.steps and self.steps[-1] >= step:
            self.steps.pop()
            self.values.pop()
            self.count -= 1
        while self.levels and self.levels[-1].step >= step:
            self.levels.pop()
        self.lowest = self.highest = self.recent_lowest = self.recent_highest = None
        self.late_lowest = self.late_highest = None
        self.level_memo.clear()
        for level in self.levels:
            self._compare(level)
        if not self.values:
            # The run went back further than values are kept: it begins anew behind the levels that are left.
            self.count = self.levels[-1].end if self.levels else 0
            self.noise = None

    def level(self, size: int) -> Level:
        """Return the level of the last values, which must not be empty."""
        if size not in self.memo:
            last = self.values[-size:]
            self.memo[size] = Level(self.count, self.steps[-1], trimmed_mean(last), len(last))
        found: Level = self.memo[size]
        return found

    def level_at(self, step: int) -> Level | None:
        """Return the level around a step, half of it before; the nearest there is; None without levels."""
        if not self.levels:
            return None
        until = bisect_right(self.levels, step, key=STEP)
        half = self.pace.level // self.pace.every // 2
        return self.levels[min(max(until - 1, 0) + half, len(self.levels) - 1)]

    def level_until(self, step: int) -> Level | None:
        """Return the last level that ends at a step or before, else the first; None without levels."""
        if not self.levels:
            return None
        return self.levels[max(bisect_right(self.levels, step, key=STEP) - 1, 0)]

    def raw(self, value: float) -> float:
        """Return a value of the scale in the unit of the signal."""
        return self.scale.inverse(value)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must keep, as JSON values."""
        self.memo.clear()
        self.level_memo.clear()
        state = asdict(self)
        for name in ("scale", "pace", "memo", "level_memo"):
            del state[name]  # those belong to the code, this is computed again
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        self.count = state["count"]
        self.steps, self.values = list(state["steps"]), list(state["values"])
        self.levels = [Level(*entry) for entry in state["levels"]]
        for name in EXTREMES:
            kept = state.get(name)
            setattr(self, name, kept and Level(*kept))
        self.noise = None
        if state["noise"] is not None:
            self.noise = Noise(**state["noise"])

    def _extend_extremes(self) -> None:
        """Compare the level that has just no value in common with the newest one."""
        apart = self.pace.level // self.pace.every
        if len(self.levels) > apart:
            self._compare(self.levels[-1 - apart])
            late = self.levels[-1 - apart - LATE : -apart]
            self.late_lowest, self.late_highest = min(late, key=VALUE), max(late, key=VALUE)
        recent = self.levels[-1 - RECENT : -1]
        if recent:
            self.recent_lowest, self.recent_highest = min(recent, key=VALUE), max(recent, key=VALUE)

    def _compare(self, level: Level) -> None:
        if self.lowest is None or level.value < self.lowest.value:
            self.lowest = level
        if self.highest is None or level.value > self.highest.value:
            self.highest = level

    def _estimate(self) -> Noise | None:
        before = self.values[: -self.pace.gap]
        if len(before) < self.pace.level:
            before = self.values[: -self.pace.now]
        if len(before) < self.pace.fewest:
            return None
        return estimate_noise(before, self.scale.resolution, self.pace.usual)

    def _thin(self) -> None:
        if len(self.levels) > LEVELS:
            half = LEVELS // 2
            self.levels = [*self.levels[:half:2], *self.levels[half:]]
