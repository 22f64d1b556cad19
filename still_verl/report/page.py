"""Writes runs as one HTML page that needs no network and no server."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from still_verl.report.chart import Group, groups_of
from still_verl.report.charts import charts
from still_verl.report.comparison.arms import group
from still_verl.report.comparison.comparison import compare
from still_verl.report.comparison.tables import final_figures, settings
from still_verl.report.embedded import about_samples, embedded_formulas, embedded_metrics, embedded_samples
from still_verl.report.facts import common_facts, facts
from still_verl.report.frame import environment, frame
from still_verl.report.read import read_runs
from still_verl.report.run import Run
from still_verl.report.samples.kept import KeptSample
from still_verl.report.samples.phase import PhaseSamples
from still_verl.report.summary import summarize
from still_verl.report.whole_file import check_output, write_whole

Column = tuple[str, list[KeptSample]]  # heading, samples


@dataclass(frozen=True)
class SampleRow:
    """Samples beside each other, in columns, under a title."""

    title: str
    columns: list[Column]


def write_report(paths: Sequence[Path], output: Path, formats: Sequence[str] = ()) -> list[Run]:
    """Read runs and write their page to a file; returns the runs, whose `problems` say what could not be read.

    Raises:
        ValueError: a path does not exist, or has no log that is recognised; a package of the extra `report` is missing;
            the output is a folder, a pipe or a device.
        OSError: the page cannot be written.
    """
    check_output("--output", output)
    runs = read_runs(paths, formats)
    write_whole(output, render(runs))
    return runs


def render(runs: Sequence[Run], version: str = "") -> str:
    """Make the page of some runs, as HTML. With a version it is for `serve`: it reloads when the server has another.

    Raises:
        ValueError: a package of the extra `report` is missing.
    """
    env = environment()
    arms = group(runs)
    groups = groups_of(arms)
    drawn = charts(runs)
    data: dict[str, Any] = {}
    figures = [chart.figure for chart in drawn]
    samples = embedded_samples(runs)
    if samples:
        data["data-samples"] = samples
        data["data-formulas"] = embedded_formulas(runs, _shown(runs), served=bool(version))
    metrics = embedded_metrics(runs) if drawn else {}
    if metrics:
        data["data-metrics"] = metrics
        figures.append({"data": [], "layout": {"yaxis": {}, "xaxis": {}}})  # of the metric that is picked
    looks = {each.name: each for each in groups}
    looks_of_runs = _looks_of_runs(groups)
    comparison = compare(arms) if len(runs) > 1 else None
    for each in groups:
        looks |= {run.name: each for run in each.runs}
    return env.get_template("template.html.jinja").render(
        runs=[_about(run, looks[run.name]) for run in runs],
        groups=groups,
        looks=looks,
        looks_of_runs=looks_of_runs,
        first_metric=next(iter(metrics), ""),
        charts=drawn,
        comparison=comparison,
        common=common_facts(runs),
        embedded=about_samples(runs, served=bool(version)),
        **frame(figures, version, data),
    )


def _looks_of_runs(groups: Sequence[Group]) -> dict[str, dict[str, str]]:
    """Return group, colour and symbol of each run, for the chart of any metric."""
    return {
        run.name: {"group": group.name, "color": group.color, "symbol": group.symbol}
        for group in groups
        for run in group.runs
    }


def _about(run: Run, look: Group) -> dict[str, Any]:
    """Gather what the template shows of one run."""
    return {
        "run": run,
        "look": look,
        "facts": facts(run),
        "summary": summarize(run),
        "final": _tiles(run),
        "samples": _samples(run),
        "settings": settings(run),
        "config": "\n".join(f"{key}: {json.dumps(value, default=str)}" for key, value in run.config.items()),
    }


def _tiles(run: Run) -> list[tuple[str, str]]:
    """Return (label, text) of the final figures; without the alarms, which have their sentences beside them."""
    tiles = []
    for label, texts in final_figures([run]):
        if label != "alarms":
            tiles.append((label, texts[0]))
    return tiles


def _samples(run: Run) -> dict[str, list[SampleRow]]:
    """Choose the samples of each phase that are shown; validation comes first."""
    shown = {}
    for phase in sorted(run.samples, reverse=True):
        rows = _sample_rows(run.samples[phase])
        if rows:
            shown[phase] = rows
    return shown


def _sample_rows(samples: PhaseSamples) -> list[SampleRow]:
    """Lay out first against last step for the same prompts, for right and for wrong answers; then the longest."""
    first, last = f"step {samples.first.step}", f"step {samples.last.step}"
    rows = []
    for before, after in samples.pairs():
        rows.append(SampleRow("The same problem", [(first, [before]), (last, [after])]))
    for title, correct in (("Right", True), ("Wrong", False), ("Neither right nor wrong is known", None)):
        columns = [(last, samples.last.pick(correct))]
        if first != last:
            columns.insert(0, (first, samples.first.pick(correct)))
        rows.append(SampleRow(title, columns))
    longest = [("right", samples.by_length(True)), ("wrong", samples.by_length(False)), ("", samples.by_length(None))]
    rows.append(SampleRow("The longest", [column for column in longest if column[1]]))
    return [row for row in rows if _has_samples(row)]


def _shown(runs: Sequence[Run]) -> Iterator[KeptSample]:
    """Yield every sample that is shown without a search."""
    for run in runs:
        for rows in _samples(run).values():
            for row in rows:
                for _, samples in row.columns:
                    yield from samples


def _has_samples(row: SampleRow) -> bool:
    return any(samples for _, samples in row.columns)
