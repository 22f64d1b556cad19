"""The comparison of arms in words: one sentence for each pair."""

from collections.abc import Sequence

from still_verl.report.comparison.verdicts import Verdict
from still_verl.stats.interval import LEVEL, Interval

BETTER, WORSE, EQUAL, CANNOT_TELL = "better", "worse", "equal", "cannot tell"


def outcome(verdict: Verdict) -> str:
    """Return what the figures say of the first: better, worse, equal within the margin, or nothing."""
    found = verdict.comparison
    if verdict.p_holm <= 1 - LEVEL and found.difference:
        return BETTER if found.difference > 0 else WORSE
    if found.p_equal <= 1 - LEVEL:
        return EQUAL
    return CANNOT_TELL


def sentence(verdict: Verdict) -> str:
    """Say which of two arms is better and by how much, that they are equal, or that it cannot be told."""
    found = verdict.comparison
    basis = f"{verdict.source}, {verdict.when}; {found.method}; p = {verdict.p_holm:.2g}"
    if found.interval is None:
        basis = f"{verdict.source}, {verdict.when}; {found.method}"
    result = outcome(verdict)
    if result == BETTER:
        better = f"{verdict.first} is better than {verdict.second} by"
        return f"{better} {points(found.difference, found.interval)} ({basis})."
    if result == WORSE:
        better = f"{verdict.second} is better than {verdict.first} by"
        return f"{better} {points(-found.difference, _mirrored(found.interval))} ({basis})."
    apart = f"first minus second is {points(found.difference, found.interval, sign=True)}"
    if result == EQUAL:
        margin = f"{100 * found.margin:g} points"
        return f"{verdict.first} and {verdict.second} are equal within {margin}: {apart} ({basis})."
    return f"Cannot tell which of {verdict.first} and {verdict.second} is better: {apart} ({basis})."


def telling(verdicts: Sequence[Verdict], most: int) -> list[str]:
    """Return the sentences of at most so many pairs: of more, of those that are told apart, then of equal ones."""
    if len(verdicts) <= most:
        return list(map(sentence, verdicts))
    return list(map(sentence, sorted(verdicts, key=_by_outcome)[:most]))


def _by_outcome(verdict: Verdict) -> tuple[int, float]:
    order = {BETTER: 0, WORSE: 0, EQUAL: 1, CANNOT_TELL: 2}
    return order[outcome(verdict)], -abs(verdict.comparison.difference)


def points(difference: float, interval: Interval | None, sign: bool = False) -> str:
    """Write a difference of shares in points, with its interval where it is known.

    Example:
        >>> points(0.031, (0.01, 0.052))
        '3.1 points [1.0, 5.2]'
    """
    text = f"{100 * difference:+.1f} points" if sign else f"{100 * difference:.1f} points"
    if interval is None:
        return text
    low, high = interval
    return f"{text} [{100 * low:.1f}, {100 * high:.1f}]"


def _mirrored(interval: Interval | None) -> Interval | None:
    if interval is None:
        return None
    low, high = interval
    return -high, -low
