"""The errors of validations: of problems where the monitor logged them, else binomial where the number is known."""

import math
from collections.abc import Mapping

from scipy.special import ndtri

from still_verl.report.run import VALIDATION_ACCURACY, Run
from still_verl.stats.interval import LEVEL, Interval

VALIDATION_SAMPLES = "still/validation/samples"
PROBLEMS = "still/validation/problems/"


def samples_by_step(run: Run) -> Mapping[int, float | None]:
    """Return the number of samples of each validation, by step.

    Our monitor logs the number. Without it verl's dumps, if any, have all samples.
    """
    if run.known(VALIDATION_SAMPLES):
        return run.series[VALIDATION_SAMPLES]
    if "validation" in run.samples and not run.known(VALIDATION_ACCURACY):
        return dict(run.samples["validation"].counts)
    return {}


def standard_error(run: Run, label: str, value: float, step: int) -> float | None:
    """Return the standard error of a validation; None where nothing tells it.

    Args:
        label: of `Run.validations`.
    """
    for prefix in _prefixes(run, label):
        logged = run.series.get(f"{prefix}stderr", {}).get(step)
        if logged is not None:
            return logged
    samples = _samples(run, label, step)
    if not samples or not 0 <= value <= 1:  # a mean score, which may be above 1, has no such error
        return None
    return math.sqrt(value * (1 - value) / samples)


def intervals(run: Run, label: str, points: list[tuple[int, float]]) -> dict[int, Interval]:
    """Return the 95 % interval of each validation of a curve whose error is known, by step."""
    found = {}
    for step, value in points:
        interval = _interval(run, label, value, step)
        if interval is not None:
            found[step] = interval
    return found


def _interval(run: Run, label: str, value: float, step: int) -> Interval | None:
    for prefix in _prefixes(run, label):
        low, high = (run.series.get(f"{prefix}{end}", {}).get(step) for end in ("low", "high"))
        if low is not None and high is not None:
            return low, high
    samples = _samples(run, label, step)
    if not samples or not 0 <= value <= 1:
        return None
    return wilson(value, samples)


def wilson(share: float, samples: float) -> Interval:
    """Compute Wilson's 95 % interval of a share of so many samples."""
    z = float(ndtri((1 + LEVEL) / 2))
    center = (share + z**2 / (2 * samples)) / (1 + z**2 / samples)
    reach = z / (1 + z**2 / samples) * math.sqrt(share * (1 - share) / samples + z**2 / (4 * samples**2))
    return max(center - reach, 0.0), min(center + reach, 1.0)


def _prefixes(run: Run, label: str) -> list[str]:
    if _is_whole(run, label):
        return [PROBLEMS]
    return [f"still/validation/source/{label}/problems/"]


def _samples(run: Run, label: str, step: int) -> float | None:
    if not _is_whole(run, label):
        return None  # the samples of one of several sources are not counted
    return samples_by_step(run).get(step)


def _is_whole(run: Run, label: str) -> bool:
    """Return whether a label is that of the validation as a whole, or of its only source."""
    validations = run.validations()
    return label == "validation" or len(validations) == 1
