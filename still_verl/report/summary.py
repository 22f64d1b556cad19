"""What a run did, in words."""

from dataclasses import dataclass

from still_verl.monitor.metric_names import (
    FINISHED,
    HELD_OUT_LOSS,
    LENGTH,
    SCORE,
    SUPERVISED,
    SUPERVISED_LOSS,
    TRUNCATED,
)
from still_verl.report.change import CLEAR, MARGIN, Change, accuracy_change, tenths
from still_verl.report.curves import number
from still_verl.report.run import Run, Stretch
from still_verl.report.scaling import scaling_sentence

GROWN = 1.2  # ratio of lengths from which responses are called longer
STRETCHES = 4  # of an alarm that are named
BROKEN = 3  # metrics with values that are no numbers that are named
DIRECTIONS = {1: "rose", 0: "did not clearly change:", -1: "fell"}


@dataclass(frozen=True)
class Summary:
    """The words on top of a page.

    Attributes:
        mood: "good", "bad" or "plain", of the whole.
        headline: one sentence.
        sentences: the rest.
    """

    mood: str
    headline: str
    sentences: list[str]


def summarize(run: Run) -> Summary:
    """Say whether accuracy rose, what lengths did, and which alarms were active."""
    if not run.steps:
        return Summary("plain", "There is nothing to say about this run yet.", run.problems)
    change, measured = accuracy_change(run)
    sentences = [
        _best_validation(run),
        scaling_sentence(run),
        _length(run, change),
        _cut(run),
        *_alarms(run),
        _broken(run),
        *run.problems,
    ]
    return Summary(_mood(run, change), _headline(run, change, measured), [text for text in sentences if text])


def _mood(run: Run, change: Change | None) -> str:
    if run.alarms():
        return "bad"
    if change is None or change.direction == 0:
        return "plain"
    if change.direction > 0:
        return "good"
    return "bad"


def _headline(run: Run, change: Change | None, measured: str) -> str:
    if change is None and is_supervised(run):
        return _losses(run)
    if change is None:
        return f"No accuracy was logged, so this page cannot say whether the model got better.{_score(run)}"
    points = f"{100 * (change.last - change.first):+.1f} points"
    if change.error is not None:
        points += f", ± {100 * CLEAR * change.error:.1f}"
    span = f"from {change.first:.1%} to {change.last:.1%} ({points})"
    first_step, last_step = change.steps
    return f"{measured} {DIRECTIONS[change.direction]} {span} between steps {first_step} and {last_step}."


def is_supervised(run: Run) -> bool:
    """Say whether a run has a loss and no reward."""
    return run.first_of(SUPERVISED) is not None


def _losses(run: Run) -> str:
    """Say what the losses of supervised training did."""
    said = []
    for name, keys in (("The loss", SUPERVISED_LOSS), ("the loss of held-out rows", HELD_OUT_LOSS)):
        key = run.first_of(*keys)
        change = tenths(run, key) if key is not None else None
        if change is not None:
            span = f"from {number(change.first)} to {number(change.last)}"
            said.append(f"{name} {DIRECTIONS[change.direction]} {span}")
    return f"{', '.join(said)}." if said else "Too few losses were logged to say what they did."


def _score(run: Run) -> str:
    """Say what the score did, for a run that logged no accuracy."""
    key = run.first_of(*SCORE)
    change = tenths(run, key) if key is not None else None
    if change is None:
        return ""
    return f" The score {DIRECTIONS[change.direction]} from {number(change.first)} to {number(change.last)}."


def _best_validation(run: Run) -> str:
    """Name the best validation, unless it was the last, or there are too few to speak of a best one."""
    validations = run.validations()
    if not validations:
        return ""
    _, key = validations[0]
    points = run.known(key)
    if len(points) < 3:
        return ""
    best_step, best = points[0]
    for step, value in points:
        if value > best:
            best_step, best = step, value
    last_step, _ = points[-1]
    if best_step == last_step:
        return ""
    return f"The best validation was {best:.1%}, after step {best_step}."


def _length(run: Run, accuracy: Change | None) -> str:
    key = run.first_of(*LENGTH)
    if key is None:
        return ""
    change = tenths(run, key)
    if change is None or change.first <= 0:
        return ""
    span = f"{change.first:,.0f} to {change.last:,.0f} tokens."
    ratio = change.last / change.first
    if 1 / GROWN < ratio < GROWN:
        return f"The length of responses stayed about the same, {span}"
    if ratio < 1:
        return f"Responses became shorter: {span}"
    text = f"Responses became longer: {span}"
    if accuracy is not None and accuracy.direction <= 0:
        text += " Accuracy did not rise with them: look for reward hacking in the samples."
    return text


def _cut(run: Run) -> str:
    """Say what share of responses was cut at the limit, if it is worth a sentence."""
    cut = None
    # verl's `response_length/clip_ratio` is the share as long as the longest of the batch, cut or not.
    for key in (*FINISHED, *TRUNCATED):
        change = tenths(run, key)
        if change is not None and cut is None:
            cut = 1 - change.last if key in FINISHED else change.last
    if cut is None or cut < MARGIN:
        return ""
    return f"At the end, {cut:.0%} of the responses were cut at their limit."


def _alarms(run: Run) -> list[str]:
    """Write one sentence for each alarm: the steps in which it was active, and what was seen."""
    sentences = []
    for name, stretches in run.alarms().items():
        text = f"Alarm: {name.replace('_', ' ')} in {_steps(stretches)}"
        if name in run.evidence:
            text += f": {run.evidence[name]}"
        # Evidence and advice come from detectors, with a full stop at their end or without one.
        sentences.append(text.rstrip(". ") + ".")
    return sentences


def _steps(stretches: list[Stretch]) -> str:
    spans = []
    for first, last in stretches[:STRETCHES]:
        if first == last:
            spans.append(f"step {first}")
        else:
            spans.append(f"steps {first} to {last}")
    text = ", ".join(spans)
    if len(stretches) > STRETCHES:
        text += f" and {len(stretches) - STRETCHES} stretches more"
    return text


def _broken(run: Run) -> str:
    """Name the metrics that were NaN or infinite, in one sentence."""
    broken = []
    for key, values in sorted(run.series.items()):
        missing = list(values.values()).count(None)
        # A mean length over no sample, e.g. of right answers where none is right, is NaN without a fault.
        if missing and not key.startswith("still/length/"):
            broken.append(f"{key} ({missing} steps)")
    if not broken:
        return ""
    text = f"Not a number: {', '.join(broken[:BROKEN])}"
    if len(broken) > BROKEN:
        text += f" and {len(broken) - BROKEN} more metrics"
    return f"{text}."
