"""What `still-verl eval` prints: a row for each benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from still_verl.evaluation.results import Counts, counts
from still_verl.evaluation.rows import Row

TITLE = "Accuracy in percent, with its standard error over problems"


def table(found: Mapping[str, Mapping[str, Any]], rows: Sequence[Row]) -> Table:
    """Return the numbers of an evaluation, in percent; a column for each benchmark, so that a terminal has room.

    Args:
        found: what `evaluation.results.numbers` returned.
        rows: the samples that they are of.
    """
    shown = Table("", title=TITLE, title_justify="left")
    of_samples = counts(rows)
    columns = []
    for name, figures in found.items():
        shown.add_column(_printable(name), justify="right")
        columns.append(_cells(figures, of_samples[name]))
    for label in columns[0] if columns else ():
        shown.add_row(label, *[cells[label] for cells in columns])
    return shown


def _cells(figures: Mapping[str, Any], count: Counts) -> dict[str, str]:
    k = str(figures["k"])
    return {
        "problems": f"{figures['problems']:,}",
        "samples of each": k,
        "avg@k": _with_error(figures["avg"], figures["stderr"]),
        "95 % interval": _interval(figures["interval"]),
        "pass@k": _percent(figures["pass"].get(k)),
        "pass^k": _percent(figures["pass_all"].get(k)),
        "maj@k": _percent((figures["maj"] or {}).get(k)),
        "strict verifier": _share(count.strict, count),
        "lenient verifier": _share(count.lenient, count),
        "they disagree on": f"{count.disagree:,}",
        "answered": _share(count.answered, count),
        "finished": _share(count.finished, count),
        "samples left out": f"{count.left_out:,}",
        "problems with fewer samples": f"{len(figures['incomplete']):,}",
    }


def _share(part: int | None, count: Counts) -> str:
    return _percent(None if part is None else part / count.samples)


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
