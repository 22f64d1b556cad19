"""Writes evaluations as one HTML page, in the style of the page of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from still_verl.report.chart import COLORS, Chart
from still_verl.report.evaluation.charts import charts
from still_verl.report.evaluation.evaluation import Evaluation, benchmarks
from still_verl.report.evaluation.sentences import verdict
from still_verl.report.evaluation.tables import TableRow, comparison_rows, figures
from still_verl.report.evaluation.texts import Texts
from still_verl.report.frame import environment, frame
from still_verl.stats.paired import Comparison


@dataclass(frozen=True)
class Part:
    """What the page shows of one benchmark. `first` is the place of its first chart in the page."""

    name: str
    first: int
    charts: list[Chart]
    figures: list[TableRow]
    texts: list[tuple[str, Texts]]


def render(evaluations: Sequence[Evaluation], comparisons: Mapping[str, Comparison]) -> str:
    """Make the page of one evaluation, or of two and their comparison, as HTML.

    Raises:
        ValueError: a package of the extra `report` is missing.
    """
    env = environment()
    parts = []
    drawn: list[dict[str, Any]] = []
    for name in benchmarks(evaluations):
        part = _part(evaluations, name, len(drawn))
        parts.append(part)
        drawn += [chart.figure for chart in part.charts]
    colors = {}
    for index, evaluation in enumerate(evaluations):
        colors[evaluation.name] = COLORS[index % len(COLORS)]
    return env.get_template("evaluation/template.html.jinja").render(
        colors=colors,
        summary=verdict(evaluations, comparisons),
        parts=parts,
        compared=list(comparisons),
        comparison=comparison_rows(comparisons),
        **frame(drawn),
    )


def _part(evaluations: Sequence[Evaluation], benchmark: str, first: int) -> Part:
    texts = []
    for evaluation in evaluations:
        if benchmark in evaluation.texts:
            texts.append((evaluation.name, evaluation.texts[benchmark]))
    columns = [(evaluation, benchmark) for evaluation in evaluations]
    return Part(benchmark, first, charts(evaluations, benchmark), figures(columns), texts)
