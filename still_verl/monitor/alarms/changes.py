"""Has the level of a signal changed? Three tests, each for a rise or a fall.

- shift: the last 5 values against the lowest (highest) level of the 40 values before, less the drift that there was
  before that already. Finds sudden failures.
- creep: the last 20 values against the lowest (highest) level of the last 150, and of the whole run. Finds slow
  failures. The former tells a failure from a rise before it, that accuracy went along with.
- trend: Mann-Kendall over the last 60 values, see `trend`. Finds what moves steadily.

The first two are the test of Page and Hinkley (Page 1954, Biometrika 41): how far is a mean above its minimum so far?
It was chosen over CUSUM, which needs to be told the level and the drift of a healthy run, and over ranks, which cannot
tell a jump of 5 deviations from one of 500, and of which 5 values against 20 are too few for a small error rate.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from still_verl.monitor.alarms.history import History, Level, trimmed_mean, trimmed_means
from still_verl.monitor.alarms.trend import trend

TREND_STEPS = 60  # last values that a trend is looked for in
TREND_LEAST, TREND_EVERY = 30, 5  # values that a trend needs; values between two tests
Z_LEVEL = 4.5  # standard deviations of a difference of levels; more than a hint needs more, see `level.Z_LOUD`
LEAST_RISE = 1.35  # deviations of one value: below it, no change of level has `Z_LEVEL`, correlated or not
Z_TREND = 4.0  # of Mann-Kendall's statistic


class Direction(IntEnum):
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
        since: the step of the level before.
        begun: about when the change began: the last step that was much nearer to the level before.
        z: standard deviations of the noise of these levels.
    """

    test: str
    amount: float
    before: float
    after: float
    since: int
    begun: int
    z: float


def changes(history: History, direction: Direction) -> list[Change]:
    """Return what each test finds in the last values of a signal."""
    if direction not in history.memo:
        if direction not in history.level_memo:
            history.level_memo[direction] = list(_slow_changes(history, direction))
        history.memo[direction] = [*_fast_changes(history, direction), *history.level_memo[direction]]
    found: list[Change] = history.memo[direction]
    return found


def _fast_changes(history: History, direction: Direction) -> Iterator[Change]:
    """Yield what changes with each value."""
    before = history.recent_lowest if direction is Direction.RISE else history.recent_highest
    if before is None or history.noise is None:
        return
    # Cheap, and nearly always enough: no mean is beyond the most extreme value.
    extreme = max(direction * value for value in history.values[-history.pace.now :])
    if extreme - direction * before.value >= LEAST_RISE * history.noise.deviation:
        yield from _level_change("shift", history, direction, before, history.level(history.pace.now))


def _slow_changes(history: History, direction: Direction) -> Iterator[Change]:
    """Yield what changes with each level."""
    if history.noise is None or not history.levels:
        return
    rises = direction is Direction.RISE
    found = [history.lowest, history.late_lowest] if rises else [history.highest, history.late_highest]
    for before in dict.fromkeys(found):
        if before is not None:
            yield from _level_change("creep", history, direction, before, history.levels[-1])
    if history.count % TREND_EVERY == 0 and len(history.values) >= TREND_LEAST:
        yield from _trend_change(history, direction)


def _level_change(test: str, history: History, direction: Direction, before: Level, now: Level) -> Iterator[Change]:
    """Yield the change from a level to another, if noise does not explain it."""
    assert history.noise is not None
    rise = direction * (now.value - before.value)
    if rise < LEAST_RISE * history.noise.deviation:
        return
    uncertainty = math.hypot(history.noise.of_mean(now.size), history.noise.of_mean(before.size))
    if rise < Z_LEVEL * uncertainty:
        return
    start = before.value
    if test == "shift":
        drift = _drift(history, direction, before, now)
        rise, start = rise - drift, start + direction * drift
    if rise >= Z_LEVEL * uncertainty:
        yield _change(test, history, start, now.value, before.step, rise / uncertainty)


def _drift(history: History, direction: Direction, before: Level, now: Level) -> float:
    """Return how far the level would have come by itself, moving on as in the time before; not below 0."""
    span = now.middle - before.middle
    earlier: Level | None = None
    for level in reversed(history.levels):
        if level.end >= before.end:
            continue
        earlier = level
        if before.middle - level.middle >= span:
            break
    if earlier is None:
        return 0.0
    assert history.noise is not None
    apart = before.middle - earlier.middle
    drift = direction * (before.value - earlier.value)
    # Only as far as noise does not explain it: between two levels that are near each other there is always some.
    drift -= math.hypot(history.noise.of_mean(before.size), history.noise.of_mean(earlier.size))
    return max(drift, 0.0) * span / apart


def _trend_change(history: History, direction: Direction) -> Iterator[Change]:
    assert history.noise is not None
    last = history.values[-TREND_STEPS:]
    # Cheap, and nearly always enough: nothing moves by more than a value's noise.
    fifth = len(last) // 5
    if direction * (trimmed_mean(last[-fifth:]) - trimmed_mean(last[:fifth])) < history.noise.deviation:
        return
    values = np.array(last)
    found = trend(values)
    if direction * found.z >= Z_TREND:
        middle = float(np.median(values))
        before, after = middle - float(found.change) / 2, middle + float(found.change) / 2
        yield _change("trend", history, before, after, history.steps[-len(values)], abs(float(found.z)))


def _change(test: str, history: History, before: float, after: float, since: int, z: float) -> Change:
    values = [level.value for level in history.levels]
    spread = max(values) - min(values)
    amount = history.scale.amount(before, after, spread)
    begun = _begun(history, since, before + (after - before) / 4, after > before)
    return Change(test, amount, history.raw(before), history.raw(after), since, begun, z)


def _begun(history: History, since: int, quarter: float, rises: bool) -> int:
    """Return the last step from `since` on at which the signal had come less than a quarter of the way.

    Of the last values that is seen to a step or two; before, only levels are kept.
    """
    now = history.pace.now
    first = bisect_right(history.steps, since)
    means = trimmed_means(history.values[max(first - now + 1, 0) :], now)
    before = np.flatnonzero((means < quarter) == rises)
    if len(before):
        return history.steps[len(history.steps) - len(means) + int(before[-1])]
    if first > 0:
        return since
    for level in reversed(history.levels):
        if level.step <= since:
            break
        if (level.value < quarter) == rises:
            return level.step
    return since
