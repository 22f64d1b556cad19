"""The figures of a validation that are about problems and not about samples: its error, its interval, pass@k.

verl's `best@k` draws with replacement and its `std@k` is the deviation of samples. These here are exact, and clustered
by problem, see `still_verl.stats`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from still_verl.monitor.rows import StepRows
from still_verl.stats.problems import Row
from still_verl.stats.summary import summarise

ALL = ""  # the validation as a whole, beside its sources


def problem_metrics(
    rows: StepRows, prompts: Sequence[str], sources: Sequence[str] = (), prefix: str = "still"
) -> dict[str, float]:
    """Compute the mean over problems, its error and interval, and pass@k for powers of two and for all samples.

    Samples with one prompt are of one problem: data that repeats a problem to sample it several times is counted right.

    Args:
        rows: the samples.
        prompts: of each sample.
        sources: of each sample, where known; each source has figures of its own if there are several.

    Returns:
        `<prefix>/problems/{count,mean,stderr,low,high}` and `<prefix>/pass@<k>`; those of a source are called
        `<prefix>/source/<source>/...`. What is not defined is left out: the error of one problem, pass@k of too
        few samples.
    """
    names = sources or [ALL] * len(rows)
    several = len(set(names)) > 1
    judged = []
    for name, prompt, correct in zip(names, prompts, rows.correct.tolist(), strict=True):
        judged.append(Row(ALL, (name, prompt), correct))
        if several:
            judged.append(Row(name, prompt, correct))
    found: dict[str, float] = {}
    for name, figures in summarise(judged).items():
        begin = prefix if name == ALL else f"{prefix}/source/{name}"
        found |= _figures(begin, figures)
    return found


def _figures(begin: str, figures: Mapping[str, Any]) -> dict[str, float]:
    low, high = figures["interval"]
    found = {
        f"{begin}/problems/count": float(figures["problems"]),
        f"{begin}/problems/mean": figures["avg"],
        f"{begin}/problems/low": low,
        f"{begin}/problems/high": high,
    }
    if figures["stderr"] is not None:
        found[f"{begin}/problems/stderr"] = figures["stderr"]
    k = 2
    while k < figures["k"]:
        found[f"{begin}/pass@{k}"] = figures["pass"][str(k)]
        k *= 2
    if figures["k"] > 1:
        found[f"{begin}/pass@{figures['k']}"] = figures["pass"][str(figures["k"])]
    return found
