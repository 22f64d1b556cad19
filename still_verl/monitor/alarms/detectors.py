"""The trends that alarms are made of: each with its test, the sentence that tells what was seen, and what to do.

A test asks for two things: a trend that is no chance (`Z_THRESHOLD`), and one that is large enough to matter. All
thresholds are here; `benchmarks/alarms.py` measures what they find and how often they are wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from still_verl.monitor.alarms.trend import ends, fold, trend

Z_THRESHOLD = 3.1  # standard deviations; one-sided p = 0.001
LENGTH_RISE = 0.2  # of the length in the window
KEYWORD_RISE = 0.5  # of the words for each 1,000, and not fewer than
KEYWORD_LEAST = 2.0
REPETITION_RISE = 0.05  # share of 20-grams
ACCURACY_GAIN = 0.02  # less is flat
COLLAPSED = 0.1  # of the entropy that the run began with
CUT_RISE, CUT_LEVEL = 0.1, 0.2  # share of responses
KL_GROWTH, KL_BEND = 2.0, 0.2  # last over first fifth; how far the ends lie above the middle, of the middle
PLATEAU_STEPS, PLATEAU_GAIN, SOLVED = 60, 0.01, 0.95  # of the window; of accuracy
CALLS_LEFT, CALLS_LEAST = 0.3, 0.2  # of the calls that the run began with; of calls for each response

Series = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Window:
    """The last steps of some series, and the median of each over the first steps of the run."""

    last: Series
    start: Series

    def __getitem__(self, name: str) -> np.ndarray:
        return self.last[name]


@dataclass(frozen=True)
class Detector:
    """A test over a window.

    Attributes:
        severity: "critical", "warning" or "info".
        needs: signals of `watch.SIGNALS` without which the test cannot be done.
        test: whether it rings; takes one run or, with more axes in front, many.
        seen: the signals of the sentence of evidence, with the format of their figures.
        meaning: what the figures show.
        advice: what to do first.
    """

    severity: str
    test: Callable[[Window], np.ndarray]
    seen: Mapping[str, str]
    meaning: str
    advice: str

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(self.seen)

    def evidence(self, window: Window) -> str:
        """What was seen, with figures; `window` is of one run."""
        steps = window[self.needs[0]].shape[-1]
        return f"{self.meaning} in {steps} steps: {', '.join(self._figure(window, name) for name in self.needs)}"

    def _figure(self, window: Window, name: str) -> str:
        (first, last), form = ends(window[name]), self.seen[name]
        z = float(trend(window[name]).z)
        return f"{name} {first:{form}} -> {last:{form}} (z {z:+.1f}; the run began with {window.start[name]:{form}})"


def not_better(window: Window) -> np.ndarray:
    """Accuracy is flat or falls."""
    found = trend(window["accuracy"])
    return (found.change < ACCURACY_GAIN) & (found.z < 1.64)


def length_hacking(window: Window) -> np.ndarray:
    found = trend(np.log(np.maximum(window["length"], 1.0)))
    return (found.z > Z_THRESHOLD) & (found.change > np.log1p(LENGTH_RISE)) & not_better(window)


def keyword_hacking(window: Window) -> np.ndarray:
    found, (first, _) = trend(window["keywords"]), ends(window["keywords"])
    return (
        (found.z > Z_THRESHOLD) & (found.change > np.maximum(KEYWORD_RISE * first, KEYWORD_LEAST)) & not_better(window)
    )


def repetition_hacking(window: Window) -> np.ndarray:
    found = trend(window["repetition"])
    return (found.z > Z_THRESHOLD) & (found.change > REPETITION_RISE) & not_better(window)


def entropy_collapse(window: Window) -> np.ndarray:
    # What decays exponentially is a line in its logarithm; left curved, it would look like correlated noise.
    found, (_, last) = trend(np.log(np.maximum(window["entropy"], 1e-9))), ends(window["entropy"])
    return (found.z < -Z_THRESHOLD) & (last < COLLAPSED * window.start["entropy"])


def truncation(window: Window) -> np.ndarray:
    found, (_, last) = trend(window["truncated"]), ends(window["truncated"])
    return (found.z > Z_THRESHOLD) & (found.change > CUT_RISE) & (last > CUT_LEVEL)


def plateau(window: Window) -> np.ndarray:
    found, (_, last) = trend(window["accuracy"]), ends(window["accuracy"])
    long = window["accuracy"].shape[-1] >= PLATEAU_STEPS
    return long & (abs(found.change) < PLATEAU_GAIN) & (abs(found.z) < 1.28) & (last < SOLVED)


def kl_acceleration(window: Window) -> np.ndarray:
    folded, (first, last) = fold(window["kl"]), ends(window["kl"])
    bend = trend(folded)
    return (
        (bend.z > Z_THRESHOLD) & (bend.change > KL_BEND * ends(folded)[0]) & (last > KL_GROWTH * np.maximum(first, 0))
    )


def tool_collapse(window: Window) -> np.ndarray:
    start = window.start["tool_calls"]
    found, (_, last) = trend(np.log(np.maximum(window["tool_calls"], 1e-3))), ends(window["tool_calls"])
    return (found.z < -Z_THRESHOLD) & (last < CALLS_LEFT * start) & (start > CALLS_LEAST)


# Their names are in `monitor.registries.DETECTORS`.
LENGTH_HACKING = Detector(
    "critical",
    length_hacking,
    {"length": ".0f", "accuracy": ".3f"},
    "responses grow longer and not more often right",
    "read the longest samples; if the reward pays for length, lower that weight or use still/reward=boxed",
)
KEYWORD_HACKING = Detector(
    "critical",
    keyword_hacking,
    {"keywords": ".1f", "accuracy": ".3f"},
    "reasoning words for each 1,000 words rise and accuracy does not",
    "read samples with many of them; if the reward pays for actions, lower that weight",
)
REPETITION_HACKING = Detector(
    "critical",
    repetition_hacking,
    {"repetition": ".3f", "accuracy": ".3f"},
    "responses repeat themselves more and more, and accuracy does not rise",
    "read samples; add the reward term repetition, or go back to a checkpoint and lower the learning rate",
)
ENTROPY_COLLAPSE = Detector(
    "critical",
    entropy_collapse,
    {"entropy": ".4f"},
    "the policy is nearly deterministic and entropy still falls: it stops exploring",
    "use still/entropy=adaptive or a higher still/temperature, or raise actor.clip_ratio_high",
)
TRUNCATION = Detector(
    "warning",
    truncation,
    {"truncated": ".2f"},
    "more and more responses are cut at their limit",
    "raise the limit with still.context.stages, or drop cut responses with still.selection.rules=[overlong]",
)
PLATEAU = Detector(
    "info",
    plateau,
    {"accuracy": ".3f"},
    "accuracy does not move",
    "try harder data, still.selection.rules=[accuracy], still.reference.reset_every, or stop here",
)
KL_ACCELERATION = Detector(
    "warning",
    kl_acceleration,
    {"kl": ".4f"},
    "the policy leaves the reference faster and faster",
    "look at samples for a degenerate style; raise still.kl.start or lower the learning rate",
)
TOOL_COLLAPSE = Detector(
    "warning",
    tool_collapse,
    {"tool_calls": ".2f"},
    "the model gives up calling its tool",
    "look whether calls fail (still/tool/success) or are cut; a call that costs reward is unlearned",
)
