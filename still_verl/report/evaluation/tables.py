"""The figures of evaluations as text, in percent: what the terminal, the page and Markdown show alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from still_verl.evaluation.results import Counts
from still_verl.evaluation.rows import Row
from still_verl.report.evaluation.evaluation import Evaluation
from still_verl.stats.paired import Comparison

NONE = "-"  # what is not defined, or not known
TableRow = tuple[str, list[str]]  # label, a cell for each column


def figures(columns: Sequence[tuple[Evaluation, str]]) -> list[TableRow]:
    """Return the figures of some models on some benchmarks: a row for each figure that at least one of them has.

    Args:
        columns: model and benchmark; a column is of dashes where the model has no such benchmark.
    """
    cells = [_cells(evaluation, benchmark) for evaluation, benchmark in columns]
    labels: dict[str, None] = {}
    for column in cells:
        labels |= dict.fromkeys(column)
    rows = []
    for label in labels:
        row = [column.get(label, NONE) for column in cells]
        if any(cell != NONE for cell in row):
            rows.append((label, row))
    return rows


def comparison_rows(comparisons: Mapping[str, Comparison]) -> list[TableRow]:
    """Return the comparison of two models: a row for each figure, a column for each benchmark."""
    rows: dict[str, list[str]] = {}
    for comparison in comparisons.values():
        for label, cell in _comparison_cells(comparison).items():
            rows.setdefault(label, []).append(cell)
    return list(rows.items())


def _cells(evaluation: Evaluation, benchmark: str) -> dict[str, str]:
    found = evaluation.numbers.get(benchmark)
    if found is None:
        return {}
    count = evaluation.counts()[benchmark]
    cells = _accuracy(found) | _verdicts(count) | _programs(count) | _costs(evaluation.of(benchmark))
    if benchmark in evaluation.texts:
        for category, rate in evaluation.texts[benchmark].per_thousand_words().items():
            cells[f"{category}, per 1,000 words"] = f"{rate:.2f}"
    cells["samples left out"] = f"{count.left_out:,}"
    cells["problems with fewer samples"] = f"{len(found['incomplete']):,}"
    return cells


def _accuracy(found: Mapping[str, Any]) -> dict[str, str]:
    k = str(found["k"])
    missing = sum(samples > 0 for samples in found["incomplete"].values())
    of_whole = ""
    if missing:
        of_whole = f" (of {found['problems'] - missing:,} problems)"
    return {
        "problems": f"{found['problems']:,}",
        "samples of each": k,
        "avg@k": with_error(found["avg"], found["stderr"]),
        "95 % interval": interval(found["interval"]),
        "pass@k": _defined(found["pass"].get(k), of_whole),
        "pass^k": _defined(found["pass_all"].get(k), of_whole),
        "maj@k": _defined(found["maj"].get(k), of_whole),
    }


def _verdicts(count: Counts) -> dict[str, str]:
    return {
        "strict verifier": _share(count.strict, count),
        "lenient verifier": _share(count.lenient, count),
        "they disagree on": f"{count.disagree:,}",
        "the file says otherwise on": f"{count.file_disagrees:,}",
        "answered": _share(count.answered, count),
        "finished": _share(count.finished, count),
    }


def _programs(count: Counts) -> dict[str, str]:
    """Return what samples did with the interpreter; nothing where there was none."""
    if count.programs is None:
        return {}
    found = count.programs.figures()
    return {
        "programs of a sample": f"{found['calls']:.2f}",
        "programs that ran to their end": percent(found["succeeded"]),
        "programs that were stopped or crashed": f"{found['stopped']:,}",
        "programs that the sandbox did not run": f"{found['sandbox_faults']:,}",
        "samples with a program": percent(found["with_program"]),
        "samples at the limit of programs": percent(found["at_limit"]),
    }


def _costs(rows: Sequence[Row]) -> dict[str, str]:
    """Return lengths in tokens, by correctness, and the time of a sample."""
    tokens: dict[bool, list[int]] = {True: [], False: []}
    seconds: list[float] = []
    for row in rows:
        if row.tokens is not None:
            tokens[bool(row.correct)].append(row.tokens)
        if row.seconds is not None:
            seconds.append(row.seconds)
    everything = tokens[True] + tokens[False]
    total = NONE
    if everything:
        total = f"{sum(everything):,}"
    return {
        "tokens of a response": _mean(everything, ",.0f"),
        "tokens, right": _mean(tokens[True], ",.0f"),
        "tokens, wrong": _mean(tokens[False], ",.0f"),
        "tokens in all": total,
        "seconds of a response": _mean(seconds, ",.1f"),
    }


def _comparison_cells(comparison: Comparison) -> dict[str, str]:
    low, high = comparison.interval
    return {
        "verdict": comparison.verdict,
        "difference": f"{100 * comparison.difference:+.2f} ± {percent(comparison.stderr)}",
        "95 % interval": f"{100 * low:+.1f} to {100 * high:+.1f}",
        "p": probability(comparison.p_holm),
        "p of this benchmark alone": probability(comparison.p),
        "p, ties counted wholly": probability(comparison.p_conservative),
        "how p was found": comparison.method,
        f"p, equal within {100 * comparison.margin:g} points": probability(comparison.p_equal),
        "detectable difference": percent(comparison.detectable),
        "problems of both": f"{comparison.problems:,}",
        "problems of one": f"{len(comparison.unpaired):,}",
    }


def _defined(share: float | None, of_whole: str) -> str:
    if share is None:
        return "not defined"
    return percent(share) + of_whole


def percent(share: float | None) -> str:
    """Return a share in percent, with two digits after the point."""
    if share is None:
        return NONE
    return f"{100 * share:.2f}"


def with_error(mean: float | None, error: float | None) -> str:
    """Return a mean with its standard error, in percent."""
    if mean is None or error is None:
        return percent(mean)
    return f"{percent(mean)} ± {percent(error)}"


def interval(ends: Sequence[float] | None) -> str:
    """Return both ends of an interval, in percent."""
    if ends is None:
        return NONE
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}"


def probability(p: float) -> str:
    """Return a p value; a tiny one as a bound, since nobody needs its digits."""
    if p < 0.0001:
        return "< 0.0001"
    return f"{p:.4f}"


def _share(part: int | None, count: Counts) -> str:
    if part is None or not count.samples:
        return NONE
    return percent(part / count.samples)


def _mean(values: Sequence[float], form: str) -> str:
    if not values:
        return NONE
    return format(sum(values) / len(values), form)
