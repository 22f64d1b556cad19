"""What `still-verl eval` prints: a row for each benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from still_verl.evaluation.results import Counts, counts
from still_verl.evaluation.rows import Row


def table(found: Mapping[str, Mapping[str, Any]], rows: Sequence[Row]) -> Table:
    """Return the numbers of an evaluation, in percent.

    Args:
        found: what `evaluation.results.numbers` returned.
        rows: the samples that they are of.
    """
    shown = Table(title="Accuracy in percent, with its standard error over problems", title_justify="left")
    shown.add_column("benchmark")
    for column in ("problems", "k", "avg@k", "95 %", "pass@k", "maj@k", "lenient", "disagree", "answered", "finished"):
        shown.add_column(column, justify="right")
    shown.add_column("left out", justify="right")
    of_samples = counts(rows)
    for name, figures in found.items():
        shown.add_row(*_cells(name, figures, of_samples[name]))
    return shown


def _cells(name: str, figures: Mapping[str, Any], count: Counts) -> list[str]:
    k = str(figures["k"])
    lenient = None if count.lenient is None else count.lenient / count.samples
    return [
        _printable(name),
        f"{figures['problems']:,}",
        k,
        _with_error(figures["avg"], figures["stderr"]),
        _interval(figures["interval"]),
        _percent(figures["pass"].get(k)),
        _percent((figures["maj"] or {}).get(k)),
        _percent(lenient),
        f"{count.disagree:,}",
        _percent(None if count.answered is None else count.answered / count.samples),
        _percent(None if count.finished is None else count.finished / count.samples),
        f"{count.left_out:,}",
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"


def _with_error(mean: float | None, error: float | None) -> str:
    if mean is None or error is None:
        return _percent(mean)
    return f"{100 * mean:.2f} ± {100 * error:.2f}"


def _interval(interval: Sequence[float] | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
