"""What a run did, in words."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, pvariance

from still_verl.report.read import HELD_OUT, HELD_OUT_SAMPLES, Run

CLEAR = 2.0  # standard errors of a difference from which a change is called one
GROWN = 1.2  # ratio of lengths from which responses are called longer
MARGIN = 0.02  # change of a share that is called one where its noise is unknown


@dataclass(frozen=True)
class Change:
    """A quantity at the beginning and at the end.

    Attributes:
        steps: the first and the last step.
        error: one standard error of the difference; None when nothing tells it.
    """

    first: float
    last: float
    steps: tuple[int, int]
    error: float | None = None

    @property
    def direction(self) -> int:
        """1 and -1 when the change is clearly more than noise, else 0."""
        margin = MARGIN if self.error is None else CLEAR * self.error
        difference = self.last - self.first
        return 0 if abs(difference) <= margin else int(math.copysign(1, difference))


@dataclass(frozen=True)
class Verdict:
    """The words on top of a page.

    Attributes:
        mood: "good", "bad" or "plain", of the whole.
        headline: one sentence.
        sentences: the rest.
    """

    mood: str
    headline: str
    sentences: list[str]


def verdict(run: Run) -> Verdict:
    """Whether accuracy rose, what lengths did, and which alarms rang."""
    if not run.steps:
        return Verdict("plain", "There is nothing to say about this run yet.", run.problems)
    change, what = accuracy(run)
    sentences = [*run.problems, _best(run), _length(run, change), _cut(run), *_alarms(run), *_broken(run)]
    rang = bool(run.alarms())
    direction = change.direction if change else 0
    mood = "bad" if rang or direction < 0 else "good" if direction > 0 else "plain"
    return Verdict(mood, _headline(change, what), [sentence for sentence in sentences if sentence])


def accuracy(run: Run) -> tuple[Change | None, str]:
    """The change of accuracy, held-out where there is a validation, and what was measured."""
    for source, key in run.validations():
        points = run.known(key)
        if len(points) > 1:
            return _validated(run, points), f"Accuracy on held-out problems ({source})"
    if run.known("still/accuracy"):
        return tenths(run, "still/accuracy"), "Accuracy in training"
    return None, ""


def _validated(run: Run, points: list[tuple[int, float]]) -> Change:
    """Its noise is binomial, where the number of samples is known."""
    (start, first), (end, last) = points[0], points[-1]
    seen = _validation_samples(run)
    before, after = seen.get(start), seen.get(end)
    if not before or not after:
        return Change(first, last, (start, end))
    error = math.sqrt(_share_variance(first) / before + _share_variance(last) / after)
    return Change(first, last, (start, end), error)


def _validation_samples(run: Run) -> Mapping[int, float | None]:
    """By step. Our monitor logs the number and keeps a few samples; without it all are in verl's dumps, if any."""
    if run.known(HELD_OUT):
        return run.series.get(HELD_OUT_SAMPLES, {})
    return run.shelves["validation"].counts if "validation" in run.shelves else {}


def _share_variance(share: float) -> float:
    return max(share * (1 - share), 0.0)


def tenths(run: Run, key: str) -> Change | None:
    """The means of the first and of the last tenth of a run, five steps at least if it has ten."""
    points = run.known(key)
    if len(points) < 2:
        return None
    size = max(len(points) // 10, min(5, len(points) // 2))
    first, last = ([value for _, value in part] for part in (points[:size], points[-size:]))
    error = math.sqrt((pvariance(first) + pvariance(last)) / (size - 1)) if size > 1 else None
    return Change(fmean(first), fmean(last), (points[0][0], points[-1][0]), error)


def _headline(change: Change | None, what: str) -> str:
    if change is None:
        return "No accuracy was logged, so this page cannot say whether the model got better."
    points = 100 * (change.last - change.first)
    noise = f", ± {100 * CLEAR * change.error:.1f}" if change.error is not None else ""
    span = f"from {change.first:.1%} to {change.last:.1%} ({points:+.1f} points{noise})"
    verb = {1: "rose", 0: "did not clearly change:", -1: "fell"}[change.direction]
    return f"{what} {verb} {span} between steps {change.steps[0]} and {change.steps[1]}."


def _best(run: Run) -> str:
    points = next((run.known(key) for _, key in run.validations()), [])
    if len(points) < 3:
        return ""
    step, value = max(points, key=lambda point: point[1])
    return "" if step == points[-1][0] else f"The best validation was {value:.1%}, after step {step}."


def _length(run: Run, accuracy: Change | None) -> str:
    key = run.first_of("still/length/mean", "response_length/mean")
    change = tenths(run, key) if key else None
    if change is None or change.first <= 0:
        return ""
    ratio = change.last / change.first
    if 1 / GROWN < ratio < GROWN:
        return f"The length of responses stayed about the same, {change.first:,.0f} to {change.last:,.0f} tokens."
    text = f"Responses became {'longer' if ratio > 1 else 'shorter'}: {change.first:,.0f} to {change.last:,.0f} tokens."
    hollow = ratio > 1 and accuracy is not None and accuracy.direction <= 0
    return f"{text} Accuracy did not rise with them: look for reward hacking in the samples." if hollow else text


def _cut(run: Run) -> str:
    finished = tenths(run, "still/completion/finished")
    clipped = tenths(run, "response_length/clip_ratio")
    cut = 1 - finished.last if finished else clipped.last if clipped else 0.0
    return f"At the end, {cut:.0%} of the responses were cut at their limit." if cut >= MARGIN else ""


def _alarms(run: Run) -> list[str]:
    """One sentence for each alarm with the steps in which it rang."""
    return [
        f"Alarm: {name.replace('_', ' ')} in {', '.join(map(_span, stretches[:4]))}"
        f"{f' and {len(stretches) - 4} stretches more' if len(stretches) > 4 else ''}"
        f"{f': {run.evidence[name]}' if name in run.evidence else ''}".rstrip(". ")
        + "."
        for name, stretches in run.alarms().items()
    ]


def _span(stretch: tuple[int, int]) -> str:
    first, last = stretch
    return f"step {first}" if first == last else f"steps {first} to {last}"


def _broken(run: Run) -> list[str]:
    """Metrics that were NaN or infinite, in one sentence; a mean over no sample is none of them."""
    broken = {key: sum(value is None for value in values.values()) for key, values in run.series.items()}
    names = sorted(key for key, count in broken.items() if count and not key.startswith("still/length/"))
    if not names:
        return []
    shown = ", ".join(f"{name} ({broken[name]} steps)" for name in names[:3])
    return [f"Not a number: {shown}{f' and {len(names) - 3} more metrics' if len(names) > 3 else ''}."]
