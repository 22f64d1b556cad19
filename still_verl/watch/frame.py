"""Draws one frame of a run for a terminal: its progress, its curves, active alarms, the last sample."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from still_verl.monitor.keywords import KEYWORD_RATE
from still_verl.monitor.metric_names import ENTROPY, KL, KL_COEFFICIENT, LENGTH, STEP_SECONDS
from still_verl.report.curves import number
from still_verl.report.run import Run
from still_verl.report.summary import summarize

BLOCKS, PLAIN = "▁▂▃▄▅▆▇█", "_.-~=+*#"
RECENT = 10  # steps whose median is the time of a step
STALLED = 5  # times the time of a step without a line, and a run is called quiet
WIDE = 90  # characters of a terminal from which the extremes of curves are shown
SAMPLE = 400  # characters of the end of a response


@dataclass(frozen=True)
class Curve:
    """A row of the frame.

    Attributes:
        label: what is shown beside it.
        keys: metrics, of which the first that a run has is drawn.
        share: whether values are shares, shown in percent.
    """

    label: str
    keys: tuple[str, ...]
    share: bool = False


CURVES = (
    Curve("training accuracy", ("still/accuracy",), True),
    Curve("reward", ("critic/score/mean", "critic/rewards/mean")),
    Curve("tokens of a response", LENGTH),
    Curve("finished", ("still/completion/finished",), True),
    Curve("as the longest", ("response_length/clip_ratio",), True),
    Curve("tool calls", ("still/tool/calls",)),
    Curve("entropy", ENTROPY),
    Curve("KL", KL),
    Curve("KL coefficient", KL_COEFFICIENT),
)


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes:
        step: the last that was logged; None before the first.
        total: steps of the run; None where its configuration has none.
        seconds: of a step, the median of the last ten.
    """

    step: int | None
    total: int | None
    seconds: float | None

    @property
    def over(self) -> bool:
        """Whether the last step is logged; False when the number of its steps is unknown."""
        return self.step is not None and self.total is not None and self.step >= self.total

    @property
    def left(self) -> float | None:
        """Seconds to the end; None when it is unknown."""
        if self.step is None or self.total is None or self.seconds is None:
            return None
        return (self.total - self.step) * self.seconds


def progress_of(run: Run) -> Progress:
    """Find out where a run is, from its metrics and its configuration."""
    step = max((next(reversed(values)) for values in run.series.values()), default=None)
    total = run.config.get("trainer.total_training_steps")
    if not isinstance(total, int):
        total = None
    seconds = None
    key = run.first_of(*STEP_SECONDS)
    if key:
        seconds = median(value for _, value in run.known(key)[-RECENT:])
    return Progress(step, total, seconds)


def frame(run: Run, age: float | None, sample: dict[str, Any] | None, width: int = 100) -> RenderableType:
    """Return what `still-verl watch` shows.

    Args:
        age: seconds since the run last logged.
        sample: a row of `samples.jsonl`.
        width: of the terminal, in characters.
    """
    progress = progress_of(run)
    parts: list[RenderableType] = [_head(run, progress, age)]
    if progress.step is not None:
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


def _state(run: Run, progress: Progress, age: float | None) -> Text:
    """Say in words whether a run has begun, goes on, or is over."""
    if not run.path.exists():
        return Text("the folder does not exist yet", style="yellow")
    if progress.step is None or age is None:
        return Text("no step is logged yet", style="yellow")
    if progress.over:
        return Text("finished", style="green")
    if age > max(STALLED * (progress.seconds or 0), 60):
        return Text(f"quiet for {duration(age)}: is it still running?", style="yellow")
    return Text(f"last step {duration(age)} ago", style="dim")


def curves_of(run: Run) -> list[Curve]:
    """Return the curves of a run: held-out accuracy, `CURVES`, and one for each category of keywords that it logs."""
    found = [Curve(f"accuracy, {label}", (key,), True) for label, key in run.validations()]
    found += CURVES
    for category, key in run.matching(KEYWORD_RATE):
        found.append(Curve(f"{category} / 1k words", (key,)))
    return found


def _curves(run: Run, wide: bool) -> Table:
    """Draw the curves with their first and last value; a narrow terminal has no room for the extremes."""
    headings = ["first", "lowest", "highest", "last"] if wide else ["first", "last"]
    table = Table(box=None, padding=(0, 1), pad_edge=False, expand=True, header_style="dim")
    table.add_column("")
    table.add_column("", ratio=1, no_wrap=True, min_width=12)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for curve in curves_of(run):
        key = run.first_of(*curve.keys)
        if key is None:
            continue
        values = [value for _, value in run.known(key)]
        figures = [values[0]]
        if wide:
            figures += [min(values), max(values)]
        shown = [number(value, curve.share) for value in figures]
        table.add_row(escape(curve.label), Spark(values), *shown, f"[bold]{number(values[-1], curve.share)}[/]")
    return table


class Spark:
    """A curve in one line of text, as wide as its cell: means of stretches, from the lowest to the highest."""

    def __init__(self, values: Sequence[float]) -> None:
        self.values = values

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        ramp = BLOCKS
        if options.ascii_only:
            ramp = PLAIN
        yield Text(spark(self.values, options.max_width, ramp), style="cyan")


def spark(values: Sequence[float], width: int, ramp: str = BLOCKS) -> str:
    """Draw a curve with at most `width` characters; a flat one in the middle.

    Example:
        >>> spark([0, 1, 2, 3, 4, 5, 6, 7], 8)
        '▁▂▃▄▅▆▇█'
    """
    count = min(width, len(values))
    means: list[float] = []
    for index in range(count):
        first, end = index * len(values) // count, (index + 1) * len(values) // count
        means.append(fmean(values[first:end]))
    low, high = min(means), max(means)
    if math.isclose(low, high, rel_tol=1e-9):
        return ramp[3] * count
    heights = [(mean - low) / (high - low) for mean in means]
    return "".join(ramp[round(height * (len(ramp) - 1))] for height in heights)


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


def duration(seconds: float) -> str:
    """Write a time for people.

    Example:
        >>> duration(4.21), duration(190), duration(18120)
        ('4.2 s', '3 min 10 s', '5 h 02 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
