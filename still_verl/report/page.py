"""Runs as one HTML page that needs nothing else: no network, no server."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from still_verl.report.charts import COLORS, charts
from still_verl.report.compare import differences, final_figures, settings
from still_verl.report.read import Run, read_runs
from still_verl.report.samples import Sample, Shelf
from still_verl.report.verdict import verdict

WRITERS = ("still-verl", "plotly")


@dataclass(frozen=True)
class Row:
    """Samples beside each other: (heading, samples) of a left and of a right column."""

    title: str
    columns: list[tuple[str, list[Sample]]]


def write_report(paths: Sequence[Path], output: Path) -> list[Run]:
    """Read runs and write their page; returns the runs.

    Raises:
        ValueError: a run does not exist, or a package of the extra `report` is missing.
        OSError: the page cannot be written.
    """
    runs = read_runs(paths)
    page = render(runs)
    output.parent.mkdir(parents=True, exist_ok=True)
    # A page that a browser reloads is whole at every moment.
    partial = output.with_name(output.name + ".part")
    partial.write_text(page, encoding="utf-8")
    os.replace(partial, output)
    return runs


def render(runs: Sequence[Run], version: str = "") -> str:
    """The page of some runs. With a version it is for `serve`: it reloads when the server has another.

    Raises:
        ValueError: a package of the extra `report` is missing.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ValueError(f"{error.name} is missing: pip install 'still-verl[report]'") from error
    from still_verl.report.highlight import highlight, mark_class

    loader = PackageLoader("still_verl.report", ".")
    env = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters |= {"highlight": highlight, "mark_class": mark_class}
    drawn = charts(runs)
    return env.get_template("template.html.jinja").render(
        runs=[_about(run, index) for index, run in enumerate(runs)],
        charts=drawn,
        # Strict JSON, and `tojson` escapes what could end a script element.
        figures_of_charts=[chart.figure for chart in drawn],
        final=final_figures(runs) if len(runs) > 1 else [],
        differences=differences(runs) if len(runs) > 1 else [],
        plotly=get_plotlyjs(),
        written=f"{datetime.now():%Y-%m-%d %H:%M}",
        writers=_versions(),
        served=version,
    )


def _about(run: Run, index: int) -> dict[str, Any]:
    """What the template shows of one run."""
    return {
        "run": run,
        "color": COLORS[index % len(COLORS)],
        "verdict": verdict(run),
        "final": [(name, values[0]) for name, values in final_figures([run]) if name != "alarms"],
        "shelves": {phase: rows for phase in sorted(run.shelves, reverse=True) if (rows := _rows(run.shelves[phase]))},
        "settings": settings(run),
        "config": "\n".join(f"{key}: {json.dumps(value, default=str)}" for key, value in run.config.items()),
    }


def _rows(shelf: Shelf) -> list[Row]:
    """First against last step for the same prompts, for right and for wrong answers; then the longest."""
    first, last = (f"step {held[0]}" if held else "" for held in (shelf.first, shelf.last))
    rows = [Row("The same problem", [(first, [a]), (last, [b])]) for a, b in shelf.pairs()]
    for title, correct in (("Right", True), ("Wrong", False), ("Neither right nor wrong is known", None)):
        early, late = shelf.pick("first", correct), shelf.pick("last", correct)
        same = first == last
        rows.append(Row(title, [(last, late)] if same else [(first, early), (last, late)]))
    longest = [("right", shelf.by_length(True)), ("wrong", shelf.by_length(False)), ("", shelf.by_length(None))]
    rows.append(Row("The longest", [column for column in longest if column[1]]))
    return [row for row in rows if any(samples for _, samples in row.columns)]


def _versions() -> dict[str, str]:
    found = {}
    for name in WRITERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
