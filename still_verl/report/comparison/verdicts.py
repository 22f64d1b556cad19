"""Compares arms by the held-out accuracy that their runs reached, on every source of problems."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from still_verl.monitor.metric_names import ACCURACY
from still_verl.report.change import tenths
from still_verl.report.comparison.arms import Arm, runs_of
from still_verl.report.errors import samples_by_step, standard_error
from still_verl.report.run import Run
from still_verl.stats.holm import holm
from still_verl.stats.paired import MARGIN, compare_rates
from still_verl.stats.runs import RunsComparison, compare_runs, from_error

TRAINING = "training"


@dataclass(frozen=True)
class Verdict:
    """The comparison of two arms on one source of problems.

    Attributes:
        when: at which step, in words.
        p_holm: the p value, corrected for all pairs of arms on this source.
    """

    first: str
    second: str
    source: str
    when: str
    comparison: RunsComparison
    p_holm: float


def compare_arms(arms: Sequence[Arm], margin: float = MARGIN) -> list[Verdict]:
    """Compare each two arms on every source that both were validated on; in training where nobody was validated."""
    found: list[Verdict] = []
    for source in sources(arms):
        of_source = []
        for first, second in combinations(arms, 2):
            verdict = _compare(first, second, source, margin)
            if verdict is not None:
                of_source.append(verdict)
        corrected = holm([verdict.comparison.p for verdict in of_source])
        for verdict, p in zip(of_source, corrected, strict=True):
            found.append(replace(verdict, p_holm=p))
    return found


def sources(arms: Sequence[Arm]) -> list[str]:
    """Return the labels of all validations of all runs, the whole first; that of training where there is none."""
    labels: dict[str, None] = {}
    for arm in arms:
        for run in arm.runs:
            labels |= dict.fromkeys(dict(run.validations()))
    return list(labels) or [TRAINING]


def _compare(first: Arm, second: Arm, source: str, margin: float) -> Verdict | None:
    curves = [_points(run, source) for run in runs_of([first, second])]
    if not all(curves):
        return None
    shared = set.intersection(*map(set, curves))
    step = max(shared, default=None)
    when = f"after step {step}"
    if step is None:
        when = "at the end of each run"
    values = []
    for points in curves:
        values.append(points[max(points) if step is None else step])
    reached = (values[: len(first.runs)], values[len(first.runs) :])
    if source == TRAINING:
        when = "in the last tenth of each run"
    comparison = _of_values(first, second, reached, source, step, margin)
    return Verdict(first.name, second.name, source, when, comparison, comparison.p)


def _points(run: Run, source: str) -> dict[int, float]:
    if source == TRAINING:
        key = run.first_of(*ACCURACY)
        if key is None:
            return {}
        change = tenths(run, key)
        if change is None:
            return {}
        return {change.steps[1]: change.last}
    key = dict(run.validations()).get(source)
    if key is None:
        return {}
    return dict(run.known(key))


def _of_values(
    first: Arm, second: Arm, reached: Sequence[Sequence[float]], source: str, step: int | None, margin: float
) -> RunsComparison:
    """Compare over seeds where there are some, else over problems: one run each says nothing of another seed."""
    if len(first.runs) > 1 or len(second.runs) > 1:
        return compare_runs(_by_seed(first, reached[0]), _by_seed(second, reached[1]), margin)
    runs = (first.runs[0], second.runs[0])
    values = (reached[0][0], reached[1][0])
    if step is not None and source != TRAINING:
        by_problem = _over_problems(runs, step, margin)
        if by_problem is not None:
            return by_problem
        ours, theirs = map(standard_error, runs, (source, source), values, (step, step))
        if ours is not None and theirs is not None:
            method = "one run each, over samples"
            return from_error(values[0] - values[1], math.hypot(ours, theirs), margin, method)
    return from_error(values[0] - values[1], None, margin, "one run each, and no error is known")


def _by_seed(arm: Arm, values: Sequence[float]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for seed, value in zip(arm.seeds, values, strict=True):
        found.setdefault(seed, []).append(value)
    return found


def _over_problems(runs: tuple[Run, Run], step: int, margin: float) -> RunsComparison | None:
    """Compare two runs on the same problems; None where the samples of one are not all known, or of several sources."""
    rates = []
    for run in runs:
        kept = run.samples.get("validation")
        if kept is None or len(run.validations()) != 1:
            return None
        expected = samples_by_step(run).get(step)
        if not expected or kept.counts[step] < expected:
            return None
        rates.append(kept.rates(step))
    shared = sorted(rates[0].keys() & rates[1].keys())
    if len(shared) < 2:
        return None
    ours, theirs = rates
    found = compare_rates(list(map(ours.__getitem__, shared)), list(map(theirs.__getitem__, shared)), margin)
    method = f"one run each, over {found.problems:,} problems"
    return RunsComparison(found.difference, found.stderr, found.interval, found.p, found.p_equal, margin, method)
