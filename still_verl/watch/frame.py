"""One look at a run, for a terminal: where it is, its curves, what rings, what it last said."""

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
    """A row of the frame: the first of some metrics that a run has."""

    label: str
    keys: tuple[str, ...]
    share: bool = False


KEYWORDS = tuple(
    Curve(f"{name} / 1k words", (f"still/keywords/{name}/per_1k_words",))
    for name in ("verification", "reflection", "correction")
)
CURVES = (
    Curve("training accuracy", ("still/accuracy",), True),
    Curve("reward", ("critic/score/mean", "critic/rewards/mean")),
    Curve("tokens of a response", ("still/length/mean", "response_length/mean")),
    Curve("finished", ("still/completion/finished",), True),
    Curve("cut at the limit", ("response_length/clip_ratio",), True),
    *KEYWORDS,
    Curve("tool calls", ("still/tool/calls",)),
    Curve("entropy", ("still/entropy", "actor/entropy", "actor/entropy_loss")),
    Curve("KL", ("actor/kl_loss", "actor/reward_kl_penalty")),
    Curve("KL coefficient", ("still/kl/coef", "actor/kl_coef", "actor/reward_kl_penalty_coeff")),
)
STEP_TIME = ("perf/time_per_step", "timing_s/step")


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes:
        step: the last that was logged; None before the first.
        total: steps of the run, where its configuration tells.
        seconds: of a step, the median of the last ten.
    """

    step: int | None
    total: int | None
    seconds: float | None

    @property
    def over(self) -> bool:
        return self.step is not None and self.total is not None and self.step >= self.total

    @property
    def left(self) -> float | None:
        """Seconds to the end; None when nobody can tell."""
        if self.step is None or self.total is None or self.seconds is None:
            return None
        return (self.total - self.step) * self.seconds


def progress_of(run: Run) -> Progress:
    total = run.config.get("trainer.total_training_steps")
    key = run.first_of(*STEP_TIME)
    times = [value for _, value in run.known(key)[-RECENT:]] if key else []
    step = max((next(reversed(values)) for values in run.series.values()), default=None)
    return Progress(step, total if isinstance(total, int) else None, median(times) if times else None)


def frame(run: Run, age: float | None, sample: dict[str, Any] | None, width: int = 100) -> RenderableType:
    """What `still-verl watch` shows; `age` is in seconds since the last line, `width` in characters."""
    progress = progress_of(run)
    parts: list[RenderableType] = [_head(run, progress, age)]
    if progress.step is not None:
        parts += [Padding(_curves(run, width >= WIDE), (1, 0)), *_alarms(run)]
    if sample:
        parts.append(_sample(sample))
    if progress.over:
        words = summarize(run)
        colour = {"good": "green", "bad": "red"}.get(words.mood, "")
        parts += ["", Text(words.headline, style=f"bold {colour}"), *map(Text, _beside_alarms(words.sentences))]
    return Group(*parts)


def _beside_alarms(sentences: Sequence[str]) -> list[str]:
    """The alarms are shown above."""
    return [sentence for sentence in sentences if not sentence.startswith("Alarm")]


def _head(run: Run, progress: Progress, age: float | None) -> RenderableType:
    title = Text.assemble((run.name, "bold"), "  ", _state(run, progress, age))
    if progress.step is None:
        return title
    line = Table.grid(padding=(0, 2))
    known = progress.total is not None
    bar = [ProgressBar(total=progress.total, completed=progress.step, width=28)] if known else []
    of = f"step {progress.step:,}" + (f" of {progress.total:,}" if known else "")
    each = f"{duration(progress.seconds)} a step" if progress.seconds is not None else ""
    left = f"{duration(progress.left)} left" if progress.left else ""
    line.add_row(*bar, *(text for text in (of, each, left) if text))
    return Group(title, line)


def _state(run: Run, progress: Progress, age: float | None) -> Text:
    if not run.path.exists():
        return Text("the folder does not exist yet", style="yellow")
    if progress.step is None or age is None:
        return Text("no step is logged yet", style="yellow")
    if progress.over:
        return Text("finished", style="green")
    if age > max(STALLED * (progress.seconds or 0), 60):
        return Text(f"quiet for {duration(age)}: is it still running?", style="yellow")
    return Text(f"last step {duration(age)} ago", style="dim")


def _curves(run: Run, wide: bool) -> Table:
    """A narrow terminal has no room for the extremes."""
    table = Table(box=None, padding=(0, 1), pad_edge=False, expand=True, header_style="dim")
    table.add_column("")
    table.add_column("", ratio=1, no_wrap=True, min_width=12)
    for name in ("first", *(("lowest", "highest") if wide else ()), "last"):
        table.add_column(name, justify="right", no_wrap=True)
    held_out = [Curve(f"accuracy, {label}", (key,), True) for label, key in run.validations()]
    for curve in (*held_out, *CURVES):
        if key := run.first_of(*curve.keys):
            values = [value for _, value in run.known(key)]
            shown = (values[0], *((min(values), max(values)) if wide else ()))
            figures = (number(value, curve.share) for value in shown)
            table.add_row(escape(curve.label), Spark(values), *figures, f"[bold]{number(values[-1], curve.share)}[/]")
    return table


class Spark:
    """A curve in one line of text, as wide as its cell: means of stretches, from the lowest to the highest."""

    def __init__(self, values: Sequence[float]) -> None:
        self.values = values

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        ramp = PLAIN if options.ascii_only else BLOCKS
        yield Text(spark(self.values, options.max_width, ramp), style="cyan")


def spark(values: Sequence[float], width: int, ramp: str = BLOCKS) -> str:
    """At most `width` characters; a flat curve is drawn in the middle."""
    count = min(width, len(values))
    bounds = [index * len(values) // count for index in range(count + 1)]
    means = [fmean(values[a:b]) for a, b in zip(bounds, bounds[1:], strict=False)]
    low, high = min(means), max(means)
    if math.isclose(low, high, rel_tol=1e-9):
        return ramp[3] * count
    return "".join(ramp[round((mean - low) / (high - low) * (len(ramp) - 1))] for mean in means)


def _alarms(run: Run) -> list[RenderableType]:
    """Those that ring now in red with what to do, those that rang dim."""
    last = max(run.steps)
    rows: list[RenderableType] = []
    for name, stretches in run.alarms().items():
        first, end = stretches[-1]
        title = f"{name.replace('_', ' ')}, "
        if end < last:
            rows.append(Text(f"rang: {title}steps {first} to {end}", style="dim"))
        else:
            rows.insert(
                0, Text.assemble((f"ALARM {title}since step {first}. ", "bold red"), run.evidence.get(name, ""))
            )
    return [*rows, ""] if rows else []


def _sample(row: dict[str, Any]) -> RenderableType:
    right = row.get("acc")
    word = ("", "") if right is None else (" right", "green") if right else (" wrong", "red")
    facts = ", ".join(f"{key} {row[key]}" for key in ("tokens", "gold", "pred") if row.get(key) not in (None, ""))
    head = Text.assemble(("last sample", "dim"), f" step {row.get('step')}", word, (f"  {facts}", "dim"))
    said = " ".join(str(row.get("response", "")).split())
    cut = f"... {said[-SAMPLE:]}" if len(said) > SAMPLE else said
    return Group(head, Padding(Text(cut), (0, 0, 0, 2)))


def duration(seconds: float) -> str:
    """For people: 4.2 s, 3 min 10 s, 5 h 02 min."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
