"""Detectors that are no change of one level: not finite, spikes, a plateau, a KL that accelerates, a dead term."""

import math
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from still_verl.monitor.alarms.changes import TREND_EVERY, TREND_LEAST, TREND_STEPS
from still_verl.monitor.alarms.conditions import GAIN, GAIN_Z, SOLVED, validation_rose
from still_verl.monitor.alarms.detectors import BaseDetector, Finding, View
from still_verl.monitor.alarms.history import EACH_STEP, END, History
from still_verl.monitor.alarms.trend import ends, fold, trend

NAMED = 4  # metrics that are named in evidence
BROKEN_STEPS = 3  # in a row after which a figure that is not finite is no accident
SPIKE_FACTOR, SPIKE_DEVIATIONS, SPIKE_STEPS, SPIKES = 5.0, 8.0, 40, 2  # over the median, in so many steps
BEYOND, BEYOND_Z, BEYOND_PARTS = (
    1.5,
    5.0,
    (1.25, 1.5, 2.0, 3.0, 4.0),
)  # factor over a line; the run was shorter by so much
KL_GROWTH, KL_BEND, KL_Z = 2.0, 0.2, 3.1  # last over first fifth; ends above the middle, of the middle; p = 0.001
PLATEAU_STEPS, PLATEAU_PART = 200, 0.5  # least steps without a gain; least part of the run
DEAD_STEPS, DEAD_PART, DEAD_BEFORE = 10, 0.2, 0.02  # what is left of a term; what it paid before


@dataclass(frozen=True)
class NotFinite(BaseDetector):
    """Some metric that was a number is NaN, infinite or null now."""

    severity: str = "critical"
    advice: str = (
        "go back to the last checkpoint before; lower the learning rate, train in bfloat16 and not in float16, "
        "look for empty responses and for a division by 0 in the reward"
    )

    @property
    def needs(self) -> tuple[str, ...]:
        """No signal: every metric is looked at."""
        return ()

    def find(self, view: View) -> Finding | None:
        """Warn at the first step; from `BROKEN_STEPS` steps in a row on it is critical."""
        if not view.broken:
            return None
        longest = max(view.broken.values())
        severity = "critical" if longest >= BROKEN_STEPS else "warning"
        names = sorted(view.broken)
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return Finding(severity, f"not finite for {longest} steps: {', '.join(names[:NAMED])}{more}")


@dataclass(frozen=True)
class Spikes(BaseDetector):
    """Single values of a signal that are many times larger than all others."""

    signal: str
    severity: str
    advice: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The signal."""
        return (self.signal,)

    def find(self, view: View) -> Finding | None:
        """Count the spikes among the last values; one is worth an info."""
        history = view.histories.get(self.signal)
        if history is None or history.noise is None or len(history.values) < EACH_STEP.level:
            return None
        middle = float(np.median(history.values[-TREND_STEPS:]))
        limit = middle + max(math.log(SPIKE_FACTOR), SPIKE_DEVIATIONS * history.noise.deviation)
        last = history.values[-SPIKE_STEPS:]
        if max(last) <= limit:
            return None
        spikes = sum(value > limit for value in last)
        if spikes > len(last) // 4:  # that is a level
            return None
        severity = self.severity if spikes >= SPIKES else "info"
        usual, largest = history.raw(middle), history.raw(max(last))
        said = (
            f"{spikes} of the last {len(last)} values are spikes: {self.signal} up to {largest:.3g}, else {usual:.3g}"
        )
        return Finding(severity, said)


@dataclass(frozen=True)
class Acceleration(BaseDetector):
    """A signal that grows faster and faster: its last values bend upwards, or it outran the steps of the run."""

    signal: str
    severity: str
    advice: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The signal."""
        return (self.signal,)

    def find(self, view: View) -> Finding | None:
        """Look for the bend; where there is none, compare with a growth in proportion to steps, for a hint."""
        history = view.histories.get(self.signal)
        if history is None or history.count % TREND_EVERY or len(history.values) < TREND_LEAST:
            return None
        return self._bend(history) or self._beyond_a_line(history)

    def _bend(self, history: History) -> Finding | None:
        """Fold the last values at their middle, and test whether that rises."""
        values = np.array([history.raw(value) for value in history.values[-TREND_STEPS:]])
        first, last = ends(values)
        if last <= KL_GROWTH * max(float(first), 0):
            return None
        folded = fold(values)
        bend = trend(folded)
        middle, _ = ends(folded)
        if bend.z <= KL_Z or bend.change <= KL_BEND * middle:
            return None
        said = f"the policy leaves the reference faster and faster: {self.signal} {first:.4f} -> {last:.4f}"
        return Finding(self.severity, f"{said} in {len(values)} steps (z of the bend {bend.z:+.1f})")

    def _beyond_a_line(self, history: History) -> Finding | None:
        """Compare the level now with earlier ones, each times the factor by which the run has grown.

        A policy that walks away from its reference, or diffuses, does so no faster than that.
        """
        if history.noise is None or len(history.levels) < 2:
            return None
        now = history.levels[-1]
        uncertainty = math.sqrt(2) * history.noise.of_mean(now.size)
        for part in BEYOND_PARTS:
            before = history.levels[max(bisect_right(history.levels, now.end / part, key=END) - 1, 0)]
            growth = math.log(now.middle / before.middle)
            beyond = now.value - before.value - growth
            if before.end < now.end / part * 0.8 or beyond < max(math.log(BEYOND), BEYOND_Z * uncertainty):
                continue
            figures = f"{self.signal} {history.raw(before.value):.4f} -> {history.raw(now.value):.4f}"
            return Finding(
                "info", f"{figures} since step {before.step}, while the run grew {math.exp(growth):.1f} times as long"
            )
        return None


@dataclass(frozen=True)
class Plateau(BaseDetector):
    """Neither accuracy nor any validation has risen for the larger part of a run."""

    severity: str = "info"
    advice: str = "try harder data, still.selection.rules=[accuracy], still.reference.reset_every, or stop here"

    @property
    def needs(self) -> tuple[str, ...]:
        """Accuracy; validation and the time of a step where they are logged."""
        return ("accuracy",)

    def find(self, view: View) -> Finding | None:
        """Compare accuracy now with its levels long ago, and say what the time since has cost."""
        history = view.histories.get("accuracy")
        if history is None or history.noise is None or not history.levels:
            return None
        wait = max(PLATEAU_STEPS, int(PLATEAU_PART * history.count))
        now = history.level(EACH_STEP.level)
        then = [level for level in history.levels if level.end <= history.count - wait]
        if not then or now.value >= SOLVED:
            return None
        best = max(level.value for level in then[-EACH_STEP.level :])
        uncertainty = history.noise.of_mean(EACH_STEP.level)
        if now.value - best > GAIN + GAIN_Z * uncertainty or _moved(history, wait, uncertainty):
            return None
        since = then[-1].step
        if validation_rose(view, since):
            return None
        steps = history.steps[-1] - since
        return Finding(self.severity, f"accuracy {now.value:.3f} has not risen for {steps} steps{_cost(view, steps)}")


@dataclass(frozen=True)
class DeadTerm(BaseDetector):
    """A term of the reward that paid before, and pays nothing now."""

    severity: str = "warning"
    advice: str = "read samples: has the model unlearned it, or does the term no longer see what it looks for?"

    @property
    def needs(self) -> tuple[str, ...]:
        """The terms of the reward."""
        return ("reward",)

    def find(self, view: View) -> Finding | None:
        """Compare what each term pays with the most that it paid."""
        for member, history in view.family("reward").items():
            if history.highest is None or history.highest.value < DEAD_BEFORE:
                continue
            now = history.level(DEAD_STEPS)
            if abs(now.value) <= DEAD_PART * history.highest.value:
                paid = f"{history.highest.value:.3g} until step {history.highest.step}, now {now.value:.3g}"
                return Finding(self.severity, f"the term {member} of the reward is dead: it paid {paid}")
        return None


def _moved(history: History, wait: int, uncertainty: float) -> bool:
    """Return whether some level since then is clearly above the others: it rose and fell again."""
    values = [level.value for level in history.levels if level.end > history.count - wait]
    return max(values) - min(values) > 0.1 + 6 * uncertainty


def _cost(view: View, steps: int) -> str:
    seconds = view.histories.get("step_seconds")
    if seconds is None or not seconds.values:
        return ""
    each = seconds.raw(seconds.level(EACH_STEP.level).value)
    return f", which cost {steps * each / 3600:.1f} hours of all devices"


NOT_FINITE = NotFinite()
PLATEAU = Plateau()
REWARD_TERM_DEAD = DeadTerm()
GRADIENT_SPIKES = Spikes(
    "gradient", "warning", "lower actor.grad_clip and the learning rate; look at the samples of these steps"
)
KL_ACCELERATION = Acceleration(
    "kl", "warning", "look at samples for a degenerate style; raise still.kl.start or lower the learning rate"
)
