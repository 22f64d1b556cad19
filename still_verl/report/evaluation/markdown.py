"""Writes evaluations as Markdown, for an issue or a model card."""

from collections.abc import Mapping, Sequence

from still_verl.report.evaluation.evaluation import Evaluation, benchmarks
from still_verl.report.evaluation.sentences import verdict
from still_verl.report.evaluation.tables import TableRow, comparison_rows, figures
from still_verl.stats.paired import Comparison

SPECIAL = "\\`*_{}[]<>#|~$&!"  # what Markdown, or HTML in it, would act on


def markdown(evaluations: Sequence[Evaluation], comparisons: Mapping[str, Comparison]) -> str:
    """Write the verdict, the comparison of two models, and the figures: a column for each model and benchmark."""
    said = verdict(evaluations, comparisons)
    lines = [f"**{escaped(said.headline)}**", ""]
    for text in said.sentences:
        lines.append(f"- {escaped(text)}")
    if comparisons:
        lines += ["", "Differences in points:", "", *_table(list(comparisons), comparison_rows(comparisons))]
    columns = []
    headings = []
    for name in benchmarks(evaluations):
        for evaluation in evaluations:
            if name in evaluation.numbers:
                columns.append((evaluation, name))
                headings.append(_heading(evaluation, name, len(evaluations) > 1))
    lines += ["", "In percent where nothing else is said:", "", *_table(headings, figures(columns))]
    return "\n".join(lines) + "\n"


def _heading(evaluation: Evaluation, benchmark: str, several: bool) -> str:
    if several:
        return f"{evaluation.name}, {benchmark}"
    return benchmark


def _table(headings: Sequence[str], rows: Sequence[TableRow]) -> list[str]:
    lines = [_line(["", *headings]), "|---" + "|---:" * len(headings) + "|"]
    for label, cells in rows:
        lines.append(_line([label, *cells]))
    return lines


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"


def escaped(text: str) -> str:
    r"""Return a text that Markdown shows as it is, on one line.

    Example:
        >>> escaped("a|b <img>")
        'a\\|b \\<img\\>'
    """
    flat = " ".join(text.split())
    return "".join(f"\\{character}" if character in SPECIAL else character for character in flat)
