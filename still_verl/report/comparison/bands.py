"""The curves of an arm as one: the mean of its runs, and how far it is from the mean of all seeds."""

import math
from collections.abc import Sequence

import numpy as np

from still_verl.report.curves import arrays, smooth
from still_verl.report.run import Run
from still_verl.stats.interval import t_quantile

SHORT = 20  # values of a curve that are not smoothed

Band = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # steps, mean, low, high


def band(curves: Sequence[tuple[Run, str]]) -> Band:
    """Compute mean and 95 % interval of the mean over runs, at the steps that all of them have.

    Of two runs the band is from the lower to the higher: a t interval of two is 12.7 standard errors wide, and says
    nothing that one could see.

    Args:
        curves: run and metric; at least two.
    """
    by_step: list[dict[int, float]] = []
    for run, key in curves:
        steps, values = arrays(run, key)
        if np.isfinite(values).sum() >= SHORT:
            values = smooth(values)
        by_step.append(dict(zip(steps.tolist(), values.tolist(), strict=True)))
    shared = sorted(set.intersection(*map(set, by_step)))
    rows = [list(map(values.__getitem__, shared)) for values in by_step]
    table = np.array(rows).reshape(len(by_step), len(shared))
    means = table.mean(axis=0)
    if len(table) == 2:
        return np.array(shared), means, table.min(axis=0), table.max(axis=0)
    reach = t_quantile(len(table)) * table.std(axis=0, ddof=1) / math.sqrt(len(table))
    return np.array(shared), means, means - reach, means + reach
