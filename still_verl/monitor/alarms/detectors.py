"""The trends that alarms are made of: each with its test, a sentence about what was seen, and advice.

A test needs two things: a trend that is significant (`Z_THRESHOLD`), and that is large enough to matter. All
thresholds are here; `benchmarks/alarms.py` measures what they find and how often they are wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from still_verl.config_errors import ConfigError, one_of
from still_verl.monitor.alarms.trend import ends, fold, trend

SEVERITIES = ("critical", "warning", "info")

Z_THRESHOLD = 3.1  # standard deviations; one-sided p = 0.001
LENGTH_RISE = 0.2  # of the length in the window
KEYWORD_RISE = 0.5  # of the words for each 1,000, and not fewer than
KEYWORD_MIN_RISE = 2.0
REPETITION_RISE = 0.05  # share of 20-grams
ACCURACY_GAIN = 0.02  # less is flat
NOT_RISING_Z = 1.64  # of accuracy; one-sided p = 0.05
COLLAPSED = 0.1  # of the entropy that the run began with
TRUNCATION_RISE, TRUNCATION_LEVEL = 0.1, 0.2  # share of responses
KL_GROWTH, KL_BEND = 2.0, 0.2  # last over first fifth; how far the ends lie above the middle, of the middle
PLATEAU_STEPS, PLATEAU_GAIN, PLATEAU_Z, SOLVED = 60, 0.01, 1.28, 0.95  # of the window; of accuracy
CALLS_LEFT, MIN_CALLS = 0.3, 0.2  # of the calls that the run began with; of calls for each response

Series = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Window:
    """The last steps of some series, and the median of each over its first steps in the run.

    `window[name]` are the last steps of one series, `window.start[name]` is its median.
    """

    last: Series
    start: Series

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.last:
            raise KeyError(f"{name} is not in the window: name it in the detector's `seen` ({', '.join(self.last)})")
        return self.last[name]


@dataclass(frozen=True)
class Detector:
    """A test over a window, and what is said when it is positive.

    Attributes:
        severity: "critical", "warning" or "info".
        test: whether there is something to see. Returns one bool for a window of one run; ours also take windows of
            many runs, with more axes in front.
        seen: what the test needs and the sentence of evidence shows, with the format of its figures: signals of
            `signals.SIGNALS`, or any metric by its full name, such as `actor/grad_norm`.
        meaning: what the figures show.
        advice: what to do first.

    Example:
        >>> def rises(window):
        ...     return trend(window["actor/grad_norm"]).z > 3
        >>> RISING = Detector("warning", rises, {"actor/grad_norm": ".2f"}, "gradients grow", "lower the learning rate")
        >>> steps = np.arange(30.0)
        >>> bool(RISING.test(Window({"actor/grad_norm": steps}, {"actor/grad_norm": np.array(9.5)})))
        True
    """

    severity: str
    test: Callable[[Window], np.ndarray | bool]
    seen: Mapping[str, str]
    meaning: str
    advice: str

    def __post_init__(self) -> None:
        """Refuse what would fail in the middle of a run.

        Raises:
            ConfigError: names the attribute and the fix.
        """
        one_of("Detector.severity", self.severity, SEVERITIES)
        if not callable(self.test):
            raise ConfigError(f"Detector.test={self.test!r}: use a function of a Window")
        if not isinstance(self.seen, Mapping) or not self.seen:
            raise ConfigError(
                f"Detector.seen={self.seen!r}: name a signal or metric at least, e.g. {{'accuracy': '.3f'}}"
            )
        for name, form in self.seen.items():
            try:
                format(1.0, form)
            except (TypeError, ValueError) as error:
                raise ConfigError(
                    f"Detector.seen[{name!r}]={form!r}: use the format of a number, e.g. '.3f'"
                ) from error

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of `seen`, without which the test cannot be done."""
        return tuple(self.seen)

    def evidence(self, window: Window) -> str:
        """Say what was seen, with figures; `window` is of one run."""
        steps = window[self.needs[0]].shape[-1]
        figures = [self._figure(window, name) for name in self.needs]
        return f"{self.meaning} in {steps} steps: {', '.join(figures)}"

    def _figure(self, window: Window, name: str) -> str:
        first, last = ends(window[name])
        form = self.seen[name]
        z = float(trend(window[name]).z)
        began = f"the run began with {window.start[name]:{form}}"
        return f"{name} {first:{form}} -> {last:{form}} (z {z:+.1f}; {began})"


def not_better(window: Window) -> np.ndarray:
    """Return whether accuracy is flat or falls."""
    found = trend(window["accuracy"])
    return (found.change < ACCURACY_GAIN) & (found.z < NOT_RISING_Z)


def length_hacking(window: Window) -> np.ndarray:
    """Return whether responses grow by a factor, and accuracy does not rise."""
    found = trend(np.log(np.maximum(window["length"], 1.0)))
    return (found.z > Z_THRESHOLD) & (found.change > np.log1p(LENGTH_RISE)) & not_better(window)


def keyword_hacking(window: Window) -> np.ndarray:
    """Return whether reasoning words become more frequent, and accuracy does not rise."""
    found = trend(window["keywords"])
    first, _ = ends(window["keywords"])
    enough = np.maximum(KEYWORD_RISE * first, KEYWORD_MIN_RISE)
    return (found.z > Z_THRESHOLD) & (found.change > enough) & not_better(window)


def repetition_hacking(window: Window) -> np.ndarray:
    """Return whether responses repeat themselves more, and accuracy does not rise."""
    found = trend(window["repetition"])
    return (found.z > Z_THRESHOLD) & (found.change > REPETITION_RISE) & not_better(window)


def entropy_collapse(window: Window) -> np.ndarray:
    """Return whether entropy falls, to a small part of what it was."""
    # What decays exponentially is a line in its logarithm; left curved, it would look like correlated noise.
    found = trend(np.log(np.maximum(window["entropy"], 1e-9)))
    _, last = ends(window["entropy"])
    return (found.z < -Z_THRESHOLD) & (last < COLLAPSED * window.start["entropy"])


def truncation(window: Window) -> np.ndarray:
    """Return whether more responses are cut, and many are."""
    found = trend(window["truncated"])
    _, last = ends(window["truncated"])
    return (found.z > Z_THRESHOLD) & (found.change > TRUNCATION_RISE) & (last > TRUNCATION_LEVEL)


def plateau(window: Window) -> np.ndarray:
    """Return whether accuracy stands still over a whole window, and is not at its ceiling."""
    found = trend(window["accuracy"])
    _, last = ends(window["accuracy"])
    whole = window["accuracy"].shape[-1] >= PLATEAU_STEPS
    return whole & (abs(found.change) < PLATEAU_GAIN) & (abs(found.z) < PLATEAU_Z) & (last < SOLVED)


def kl_acceleration(window: Window) -> np.ndarray:
    """Return whether KL grows by a factor, along a curve that bends upwards."""
    first, last = ends(window["kl"])
    folded = fold(window["kl"])
    bend = trend(folded)
    middle, _ = ends(folded)
    grows = last > KL_GROWTH * np.maximum(first, 0)
    return (bend.z > Z_THRESHOLD) & (bend.change > KL_BEND * middle) & grows


def tool_collapse(window: Window) -> np.ndarray:
    """Return whether calls become rare that were not."""
    start = window.start["tool_calls"]
    found = trend(np.log(np.maximum(window["tool_calls"], 1e-3)))
    _, last = ends(window["tool_calls"])
    return (found.z < -Z_THRESHOLD) & (last < CALLS_LEFT * start) & (start > MIN_CALLS)


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
