"""Finds where two runs part: where a metric is first not the same, and from which step they are clearly apart."""

import math
from dataclasses import dataclass

import numpy as np

from still_verl.report.curves import smooth
from still_verl.report.run import Run

APART = 4.0  # standard errors from which two smoothed curves are clearly apart
FEWEST = 20  # steps that both need before noise can be told from a difference
IGNORED = ("timing", "perf/", "actor/perf/", "still/alarm/", "training/global_step", "training/epoch")


@dataclass(frozen=True)
class Parting:
    """A metric in which two runs are apart from a step to the end.

    Attributes:
        values: of the first and of the second run, smoothed, at their last common step.
    """

    metric: str
    step: int
    values: tuple[float, float]


def first_difference(first: Run, second: Run) -> tuple[int, str] | None:
    """Return the first step, and a metric, whose values are not the same; None if there is none. Times do not count."""
    found: list[tuple[int, str]] = []
    for metric in _shared(first, second):
        ours, theirs = first.series[metric], second.series[metric]
        for step in sorted(ours.keys() & theirs.keys()):
            if not _same(ours[step], theirs[step]):
                found.append((step, metric))
                break
    return min(found, default=None)


def partings(first: Run, second: Run) -> list[Parting]:
    """Return the metrics in which two runs stay apart by more than their noise, the earliest first."""
    found = []
    for metric in _shared(first, second):
        parting = _parting(first, second, metric)
        if parting is not None:
            found.append(parting)
    return sorted(found, key=lambda each: (each.step, each.metric))


def _shared(first: Run, second: Run) -> list[str]:
    return [key for key in sorted(first.series.keys() & second.series.keys()) if not key.startswith(IGNORED)]


def _same(ours: float | None, theirs: float | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12)


def _parting(first: Run, second: Run, metric: str) -> Parting | None:
    ours, theirs = dict(first.known(metric)), dict(second.known(metric))
    steps = sorted(ours.keys() & theirs.keys())
    if len(steps) < FEWEST:
        return None
    raw = [np.array(list(map(values.__getitem__, steps))) for values in (ours, theirs)]
    curves = list(map(smooth, raw))
    # The noise of a step, from neighbours: a trend cancels. A smoothed point is the mean of a window of them.
    window = 2 * max(1, len(steps) // 50) + 1
    variance = float(np.var(np.diff(raw[0])) + np.var(np.diff(raw[1]))) / 2 / window
    distance = np.abs(curves[0] - curves[1])
    apart = distance > APART * math.sqrt(variance) + 1e-12
    if not apart[-1]:
        return None
    together = np.flatnonzero(~apart)
    index = 0
    if len(together):
        index = int(together[-1]) + 1
    return Parting(metric, steps[index], (float(curves[0][-1]), float(curves[1][-1])))
