"""Compares arms by the held-out accuracy that their runs reached, on every source of problems."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from still_verl.monitor.metric_names import ACCURACY
from still_verl.report.change import tenths
from still_verl.report.comparison.arms import Arm
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
            labels |= dict.fromkeys(label for label, _ in run.validations())
    return list(labels) or [TRAINING]


def _compare(first: Arm, second: Arm, source: str, margin: float) -> Verdict | None:
    curves = [[_points(run, source) for run in arm.runs] for arm in (first, second)]
    everything = [points for curve in curves for points in curve]
    if not everything or not all(everything):
        return None
    shared = set.intersection(*(set(points) for points in everything))
    if shared:
        step = max(shared)
        when = f"after step {step}"
        reached = [[points[step] for points in curve] for curve in curves]
    else:
        step = None
        when = "at the end of each run"
        reached = [[points[max(points)] for points in curve] for curve in curves]
    if source == TRAINING:
        when = "in the last tenth of each run"
    comparison = _of_values(first, second, reached, source, step, margin)
    return Verdict(first.name, second.name, source, when, comparison, comparison.p)


def _points(run: Run, source: str) -> dict[int, float]:
    if source == TRAINING:
        key = run.first_of(*ACCURACY)
        change = tenths(run, key) if key is not None else None
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
        errors = [standard_error(run, source, value, step) for run, value in zip(runs, values, strict=True)]
        if errors[0] is not None and errors[1] is not None:
            method = "one run each, over samples"
            return from_error(values[0] - values[1], math.hypot(errors[0], errors[1]), margin, method)
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
    shared = [problem for problem in rates[0] if problem in rates[1]]
    if len(shared) < 2:
        return None
    ours, theirs = ([side[problem] for problem in shared] for side in rates)
    found = compare_rates(ours, theirs, margin)
    method = f"one run each, over {found.problems:,} problems"
    return RunsComparison(found.difference, found.stderr, found.interval, found.p, found.p_equal, margin, method)
