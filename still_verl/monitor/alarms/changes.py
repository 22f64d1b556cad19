"""Has the level of a signal changed? Three tests, each for a rise or a fall.

- shift: the last 5 values against the lowest (highest) level of the 60 values before, less the drift that there was
  before that already. Finds sudden failures.
- creep: the last 20 values against the lowest (highest) level of the whole run. Finds slow failures.
- trend: Mann-Kendall over the last 60 values, see `trend`. Finds what moves steadily.

The first two are the test of Page and Hinkley (Page 1954, Biometrika 41): how far is a mean above its minimum so far?
It was chosen over CUSUM, which needs to be told the level and the drift of a healthy run, and over ranks, which cannot
tell a jump of 5 deviations from one of 500, and of which 5 values against 20 are too few for a small error rate.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from still_verl.monitor.alarms.history import LEVEL_EVERY, History, Level
from still_verl.monitor.alarms.trend import trend

SHIFT_STEPS, CREEP_STEPS, TREND_STEPS = 5, 20, 60  # values that each test takes as those of now
SHIFT_BACK = 60  # values before them that a shift is looked for in
TREND_LEAST, TREND_EVERY = 30, 5  # values that a trend needs; values between two tests
SHIFT_LEVELS = (SHIFT_BACK + SHIFT_STEPS) // LEVEL_EVERY + 1
Z_LEVEL = 5.0  # standard deviations of a difference of levels
Z_TREND = 4.0  # of Mann-Kendall's statistic


class Direction(Enum):
    """Which change is bad."""

    RISE = 1
    FALL = -1


@dataclass(frozen=True)
class Change:
    """A change of level that noise does not explain.

    Attributes:
        test: "shift", "creep" or "trend".
        amount: how large it is, on the signal's scale, without its sign.
        before: level before, in the signal's unit.
        after: level now.
        since: the last step at the level before.
        z: standard deviations of the noise of these levels.
    """

    test: str
    amount: float
    before: float
    after: float
    since: int
    z: float


def changes(history: History, direction: Direction) -> list[Change]:
    """Return what each test finds in the last values of a signal."""
    if direction not in history.memo:
        history.memo[direction] = list(_changes(history, direction))
    found: list[Change] = history.memo[direction]
    return found


def _changes(history: History, direction: Direction) -> Iterator[Change]:
    if history.noise is None:
        return
    lowest = direction is Direction.RISE
    recent = _recent_extreme(history, direction)
    yield from _level_change("shift", history, direction, recent, SHIFT_STEPS)
    yield from _level_change("creep", history, direction, history.lowest if lowest else history.highest, CREEP_STEPS)
    if history.count % TREND_EVERY == 0 and len(history.values) >= TREND_LEAST:
        yield from _trend_change(history, direction)


def _level_change(
    test: str, history: History, direction: Direction, before: Level | None, steps: int
) -> Iterator[Change]:
    """Yield the change from a level to that of the last `steps` values, if noise does not explain it."""
    assert history.noise is not None
    if before is None:
        return
    now = history.level(steps)
    rise = direction.value * (now.value - before.value)
    uncertainty = math.hypot(history.noise.of_mean(now.size), history.noise.of_mean(before.size))
    if rise < Z_LEVEL * uncertainty:
        return
    start = before.value
    if test == "shift":
        drift = _drift(history, direction, before)
        rise, start = rise - drift, start + direction.value * drift
    if rise >= Z_LEVEL * uncertainty:
        yield _change(test, history, start, now.value, before.step, rise / uncertainty)


def _drift(history: History, direction: Direction, before: Level) -> float:
    """Return how far the level would have come by itself, moving on as in the time before; not below 0."""
    span = history.count - before.index
    earlier: Level | None = None
    for level in reversed(history.levels):
        if level.index >= before.index:
            continue
        earlier = level
        if before.index - level.index >= span:
            break
    if earlier is None:
        return 0.0
    speed = direction.value * (before.value - earlier.value) / (before.index - earlier.index)
    return max(speed * span, 0.0)


def _recent_extreme(history: History, direction: Direction) -> Level | None:
    """Return the lowest level before a rise, or the highest before a fall, of the values before the last few."""
    last = history.count - SHIFT_STEPS
    found: Level | None = None
    for level in reversed(history.levels[-SHIFT_LEVELS:]):
        if last - SHIFT_BACK <= level.index <= last:
            if found is None or direction.value * (level.value - found.value) < 0:
                found = level
    return found


def _trend_change(history: History, direction: Direction) -> Iterator[Change]:
    values = np.array(history.values[-TREND_STEPS:])
    # Cheap and nearly always enough: nothing moves.
    fifth = len(values) // 5
    if direction.value * (np.median(values[-fifth:]) - np.median(values[:fifth])) <= 0:
        return
    found = trend(values)
    if direction.value * found.z >= Z_TREND:
        middle = float(np.median(values))
        before, after = middle - float(found.change) / 2, middle + float(found.change) / 2
        yield _change("trend", history, before, after, history.steps[-len(values)], abs(float(found.z)))


def _change(test: str, history: History, before: float, after: float, since: int, z: float) -> Change:
    values = [level.value for level in history.levels]
    spread = max(values) - min(values)
    amount = history.scale.amount(before, after, spread)
    return Change(test, amount, history.raw(before), history.raw(after), since, z)
