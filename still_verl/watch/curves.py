"""The curves of a frame: which there are, and how one is drawn in a line of text. All have one axis of steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from still_verl.monitor.keywords import KEYWORD_RATE
from still_verl.monitor.metric_names import (
    ACCURACY,
    AS_LONG_AS_THE_LONGEST,
    CHARACTERS,
    ENTROPY,
    FINISHED,
    GRADIENT,
    HELD_OUT_LOSS,
    KL,
    KL_COEFFICIENT,
    LENGTH,
    MEMORY,
    MISMATCH,
    SCORE,
    SUPERVISED_LOSS,
    TOKENS_PER_SECOND,
    TOOL_CALLS,
    TRUNCATED,
)
from still_verl.report.run import Run

BLOCKS, PLAIN = "▁▂▃▄▅▆▇█", "_.-~=+*#"
FEWEST_STEPS = 20  # of the axis, so that the first steps of a run are not as wide as a run
LEAST_SHARE = 0.05  # between the lowest and the highest block, of a share
LEAST_PART = 0.05  # the same of any other metric, as a part of its size
Point = tuple[int, float]
Axis = tuple[int, int]  # the first and the last step


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
    Curve("loss", SUPERVISED_LOSS),
    Curve("loss, held out", HELD_OUT_LOSS),
    Curve("training accuracy", ACCURACY, True),
    Curve("reward", SCORE),
    Curve("tokens of a response", LENGTH),
    Curve("characters of a response", (CHARACTERS,)),
    Curve("finished", FINISHED, True),
    Curve("cut at the limit", TRUNCATED, True),
    # verl's clip_ratio: no truncation.
    Curve("as long as the longest", AS_LONG_AS_THE_LONGEST, True),
    Curve("tool calls", TOOL_CALLS),
    Curve("entropy", ENTROPY),
    Curve("KL", KL),
    Curve("KL coefficient", KL_COEFFICIENT),
    Curve("gradient", GRADIENT),
    Curve("rollout mismatch", MISMATCH),
    Curve("tokens/s a device", TOKENS_PER_SECOND),
    Curve("memory, GB", MEMORY),
)


def curves_of(run: Run) -> list[tuple[Curve, list[Point]]]:
    """Return the curves of a run with their points.

    They are held-out accuracy, `CURVES`, and one for each category of keywords that it logs.
    """
    wanted = [Curve(f"accuracy, {label}", (key,), True) for label, key in run.validations()]
    wanted += CURVES
    for category, key in run.matching(KEYWORD_RATE):
        wanted.append(Curve(f"{category} / 1k words", (key,)))
    found = []
    for curve in wanted:
        drawn = run.first_of(*curve.keys)
        if drawn is not None:
            found.append((curve, run.known(drawn)))
    return found


def axis_of(run: Run) -> Axis:
    """Return the axis of all curves: the steps of a run, and some more while there are few."""
    steps = run.steps
    return steps[0], max(steps[-1], steps[0] + FEWEST_STEPS - 1)


class Spark:
    """A curve in one line of text, as wide as its cell."""

    def __init__(self, points: Sequence[Point], axis: Axis, share: bool = False) -> None:
        self.points, self.axis, self.share = points, axis, share

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        ramp = BLOCKS
        if options.ascii_only:
            ramp = PLAIN
        yield Text(spark(self.points, self.axis, options.max_width, ramp, self.share), style="cyan")


def spark(points: Sequence[Point], axis: Axis, width: int, ramp: str = BLOCKS, share: bool = False) -> str:
    """Draw a curve with at most `width` characters, each of which is the mean of some steps.

    A value is drawn until the next one. A curve that hardly moves is drawn as hardly moving.

    Example:
        >>> spark([(step, step) for step in range(8)], (0, 7), 8)
        '▁▂▃▄▅▆▇█'
        >>> spark([(0, 0.5), (4, 0.501), (7, 0.5)], (0, 7), 8, share=True)
        '▄▄▄▄▅▅▅▄'
    """
    cells = _cells(points, axis, width)
    known = [value for value in cells if value is not None]
    low, high = _span(known, share)
    text = []
    for value in cells:
        if value is None:
            text.append(" ")
        else:
            text.append(ramp[round((value - low) / (high - low) * (len(ramp) - 1))])
    return "".join(text).rstrip()


def _cells(points: Sequence[Point], axis: Axis, width: int) -> list[float | None]:
    """Return the value of each character: the mean of its steps, else the value before; None before the first."""
    first, last = axis
    count = min(width, last - first + 1)
    values: list[list[float]] = [[] for _ in range(count)]
    for step, value in points:
        place = (step - first) * count // (last - first + 1)
        values[min(max(place, 0), count - 1)].append(value)
    end = max(index for index, found in enumerate(values) if found)
    cells: list[float | None] = []
    held = None
    for found in values[: end + 1]:
        if found:
            held = fmean(found)
        cells.append(held)
    return cells


def _span(values: Sequence[float], share: bool) -> tuple[float, float]:
    """Return what the lowest and the highest block stand for: never less apart than what is worth a look."""
    low, high = min(values), max(values)
    least = LEAST_SHARE if share else LEAST_PART * max(abs(low), abs(high), 1e-12)
    if high - low >= least:
        return low, high
    middle = (low + high) / 2
    return middle - least / 2, middle + least / 2
