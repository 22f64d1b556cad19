"""Writes runs as one HTML page that needs no network and no server."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from still_verl.report.charts import charts
from still_verl.report.compare import differences, final_figures, settings
from still_verl.report.figure import COLORS
from still_verl.report.read import read_runs
from still_verl.report.run import Run
from still_verl.report.samples.kept import KeptSample
from still_verl.report.samples.phase import PhaseSamples
from still_verl.report.summary import summarize

if TYPE_CHECKING:
    from jinja2 import Environment

WRITERS = ("still-verl", "plotly")
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
            the output is a folder.
        OSError: the page cannot be written.
    """
    if output.is_dir():
        raise ValueError(f"--output {output} is a folder: name a file in it, e.g. {output / 'report.html'}")
    runs = read_runs(paths, formats)
    page = render(runs)
    output.parent.mkdir(parents=True, exist_ok=True)
    # Written under another name first: a browser that reloads meanwhile gets a whole page.
    partial = output.with_name(output.name + ".part")
    partial.write_text(page, encoding="utf-8", errors="backslashreplace")  # a path may be no text
    os.replace(partial, output)
    return runs


def render(runs: Sequence[Run], version: str = "") -> str:
    """Make the page of some runs, as HTML. With a version it is for `serve`: it reloads when the server has another.

    Raises:
        ValueError: a package of the extra `report` is missing.
    """
    env = environment()
    drawn = charts(runs)
    several = len(runs) > 1
    return env.get_template("template.html.jinja").render(
        runs=[_about(run, COLORS[index % len(COLORS)]) for index, run in enumerate(runs)],
        charts=drawn,
        final=final_figures(runs) if several else [],
        differences=differences(runs) if several else [],
        **frame([chart.figure for chart in drawn], version),
    )


def environment() -> "Environment":
    """Return what fills the templates of this package and of those in it; it escapes all text.

    Raises:
        ValueError: a package of the extra `report` is missing.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise ValueError(f"{error.name} is missing: pip install 'still-verl[report]'") from error
    from still_verl.report.highlight import highlight, mark_class

    loader = PackageLoader("still_verl.report", ".")
    env = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters |= {"highlight": highlight, "mark_class": mark_class}
    return env


def frame(figures: Sequence[dict[str, Any]], version: str = "") -> dict[str, Any]:
    """Return what `base.html.jinja` needs of every page, beside its parts.

    Args:
        figures: of the charts, in the order in which the page has them.
        version: of a page that is served.

    Raises:
        ValueError: a package of the extra `report` is missing.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ValueError(f"{error.name} is missing: pip install 'still-verl[report]'") from error
    return {
        # Strict JSON, and `tojson` escapes what could end a script element.
        "figures_of_charts": list(figures),
        "plotly": get_plotlyjs(),
        "written": f"{datetime.now():%Y-%m-%d %H:%M}",
        "writers": _versions(),
        "served": version,
    }


def _about(run: Run, color: str) -> dict[str, Any]:
    """Gather what the template shows of one run."""
    return {
        "run": run,
        "color": color,
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


def _has_samples(row: SampleRow) -> bool:
    return any(samples for _, samples in row.columns)


def _versions() -> dict[str, str]:
    found = {}
    for name in WRITERS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # run from a checkout that is not installed
            continue
    return found
