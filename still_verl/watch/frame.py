"""Draws one frame of a run for a terminal: its progress, its curves, active alarms, the last sample."""

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from still_verl.report.curves import number
from still_verl.report.run import Run
from still_verl.report.summary import summarize
from still_verl.watch.curves import Spark, axis_of, curves_of
from still_verl.watch.progress import Progress, duration, last_checkpoint, phase_of, progress_of

STALLED = 5  # times the time of a step without a line, and a run is called quiet
QUIET_S = 60  # less is never called quiet
WIDE = 90  # characters of a terminal from which the extremes of curves are shown
SAMPLE = 400  # characters of the end of a response


def frame(
    run: Run, age: float | None, sample: dict[str, Any] | None, width: int = 100, waits_for: str = ""
) -> RenderableType:
    """Return what `still-verl watch` shows.

    Args:
        age: seconds since the run last logged.
        sample: a row of `samples.jsonl`.
        width: of the terminal, in characters.
        waits_for: what is looked for while nothing is logged.
    """
    progress = progress_of(run)
    parts: list[RenderableType] = [_head(run, progress, age)]
    if progress.step is None:
        parts.append(Text(f"waiting for a log: {waits_for}. Ctrl+C ends this.", style="dim"))
    else:
        parts += _facts(run, progress, age)
        parts += [Padding(_curves(run, width >= WIDE), (1, 0)), *_alarms(run)]
    if sample:
        parts.append(_sample(sample))
    if progress.over:
        parts += _ending(run)
    return Group(*parts)


def _ending(run: Run) -> list[RenderableType]:
    """Return the summary of a run that is over, without its alarms: they are shown above."""
    found = summarize(run)
    colour = {"good": "green", "bad": "red"}.get(found.mood, "")
    lines: list[RenderableType] = ["", Text(found.headline, style=f"bold {colour}")]
    for sentence in found.sentences:
        if not sentence.startswith("Alarm"):
            lines.append(Text(sentence))
    return lines


def _head(run: Run, progress: Progress, age: float | None) -> RenderableType:
    """Return the name and state of a run, and how far it is."""
    title = Text.assemble((run.name, "bold"), "  ", _state(run, progress, age))
    if progress.step is None:
        return title
    cells: list[RenderableType] = []
    of = f"step {progress.step:,}"
    if progress.total is not None:
        cells.append(ProgressBar(total=progress.total, completed=progress.step, width=28))
        of += f" of {progress.total:,}"
    cells.append(of)
    if progress.seconds is not None:
        cells.append(f"{duration(progress.seconds)} a step")
    if progress.left:
        cells.append(f"{duration(progress.left)} left")
    line = Table.grid(padding=(0, 2))
    line.add_row(*cells)
    return Group(title, line)


def _facts(run: Run, progress: Progress, age: float | None) -> list[RenderableType]:
    """Return the phase of the step, the last checkpoint, why this does not end, and what was left out of the log."""
    facts: list[RenderableType] = []
    phase = None if progress.over else phase_of(run, age)
    if phase is not None:
        line = Table.grid(padding=(0, 2))
        cells: list[RenderableType] = [phase.text, f"for {duration(phase.seconds)}"]
        if phase.usual:
            done = min(phase.seconds / phase.usual, 1.0)
            cells = [*cells, f"of usually {duration(phase.usual)}", ProgressBar(total=1.0, completed=done, width=12)]
        line.add_row(*cells)
        facts.append(line)
    saved = last_checkpoint(run)
    if saved is not None and progress.step is not None:
        facts.append(Text(f"last checkpoint: step {saved:,}, {max(progress.step - saved, 0):,} steps ago", style="dim"))
    if progress.total is None:
        facts.append(Text("how many steps there will be is not known: Ctrl+C ends this", style="dim"))
    return [*facts, *(Text(problem, style="dim") for problem in run.problems)]


def _state(run: Run, progress: Progress, age: float | None) -> Text:
    """Say in words whether a run has begun, goes on, or is over."""
    if not run.path.exists():
        return Text("the folder does not exist yet", style="yellow")
    if progress.step is None or age is None:
        return Text("no step is logged yet", style="yellow")
    if progress.over:
        return Text("finished", style="green")
    if age > max(STALLED * (progress.seconds or 0), QUIET_S):
        return Text(f"quiet for {duration(age)}: is it still running?", style="yellow")
    return Text(f"last step {duration(age)} ago", style="dim")


def _curves(run: Run, wide: bool) -> Table:
    """Draw the curves with their first and last value; a narrow terminal has no room for the extremes.

    They have one axis of steps, which ends behind the last one while there are few.
    """
    headings = ["first", "lowest", "highest", "last"] if wide else ["first", "last"]
    table = Table(box=None, padding=(0, 1), pad_edge=False, expand=True, header_style="dim")
    axis = axis_of(run)
    table.add_column("")
    table.add_column(f"steps {axis[0]:,} to {axis[1]:,}", ratio=1, no_wrap=True, min_width=12)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for curve, points in curves_of(run):
        values = [value for _, value in points]
        figures = [values[0]]
        if wide:
            figures += [min(values), max(values)]
        shown = [number(value, curve.share) for value in figures]
        line = Spark(points, axis, curve.share)
        table.add_row(escape(curve.label), line, *shown, f"[bold]{number(values[-1], curve.share)}[/]")
    return table


def _alarms(run: Run) -> list[RenderableType]:
    """Show active alarms in red with what to do, then those that ended, dim."""
    last = max(run.steps)
    active: list[RenderableType] = []
    ended: list[RenderableType] = []
    for name, stretches in run.alarms().items():
        first, end = stretches[-1]
        title = name.replace("_", " ")
        if end == last:
            headline = (f"ALARM {title}, since step {first}. ", "bold red")
            active.append(Text.assemble(headline, run.evidence.get(name, "")))
        else:
            ended.append(Text(f"ended: {title}, steps {first} to {end}", style="dim"))
    if not active and not ended:
        return []
    return [*active, *ended, ""]


def _sample(row: dict[str, Any]) -> RenderableType:
    """Show the end of a response, with what is known about it."""
    head = Text.assemble(("last sample", "dim"), f" step {row.get('step')}")
    if row.get("acc") is not None:
        word, colour = ("right", "green") if row["acc"] else ("wrong", "red")
        head.append(f" {word}", colour)
    facts = []
    for key in ("tokens", "gold", "pred"):
        if row.get(key) not in (None, ""):
            facts.append(f"{key} {row[key]}")
    head.append(f"  {', '.join(facts)}", "dim")
    # On one line: a response's own line breaks would push the rest out of the terminal.
    said = " ".join(str(row.get("response", "")).split())
    if len(said) > SAMPLE:
        said = f"... {said[-SAMPLE:]}"
    return Group(head, Padding(Text(said), (0, 0, 0, 2)))
