"""What makes a change of one signal harmless or bad: what accuracy and validation did meanwhile."""

import math
from bisect import bisect_right
from dataclasses import dataclass

from still_verl.monitor.alarms.changes import Change
from still_verl.monitor.alarms.detectors import View
from still_verl.monitor.alarms.history import EACH_STEP, History

GAIN = 0.02  # of accuracy, or of a part of a score; less is flat
GAIN_Z, FALL_Z = 1.64, 3.0  # deviations of its noise: p = 0.05 where a gain is in doubt; a fall makes an alarm worse
SOLVED = 0.95  # accuracy at which a run has little left to learn
VALIDATIONS = 3  # the last ones, whose mean is compared with that of the ones before
HALF = EACH_STEP.level // 2  # values that accuracy of now is the mean of
SHORTER = 0.8  # of the length before: shorter texts compress less well
LONG = 50  # steps after which a change that has not paid will hardly pay


def rose(history: History | None, since: int) -> bool:
    """Return whether a signal is higher now than at a step, by more than `GAIN` and more than by noise."""
    if history is None or history.noise is None or not history.values:
        return False
    before, now = history.level_at(since), history.level(HALF)
    if before is None:
        return False
    gain = now.value - before.value
    uncertainty = history.noise.of_mean(now.size) + history.noise.of_mean(before.size)
    return gain >= GAIN and gain >= GAIN_Z * uncertainty


@dataclass(frozen=True)
class Gain:
    """How much better validations are than before.

    Attributes:
        value: the mean of the last ones, less that of the last ones before.
        uncertainty: standard deviation of its noise; 0 if too few validations are known.
    """

    value: float
    uncertainty: float

    @property
    def rose(self) -> bool:
        """Whether it is more than `GAIN`, and more than noise."""
        return self.value >= max(GAIN, GAIN_Z * self.uncertainty)

    @property
    def fell(self) -> bool:
        """Whether they are worse, by more than `GAIN` and by more than noise."""
        return -self.value >= max(GAIN, FALL_Z * self.uncertainty)


def validation_gain(history: History, since: int) -> Gain | None:
    """Return how much better the last validations are than those until a step; None if there are none on a side."""
    first_after = bisect_right(history.steps, since)
    before = history.values[:first_after][-VALIDATIONS:]
    after = history.values[first_after:][-VALIDATIONS:]
    if not before or not after:
        return None
    uncertainty = 0.0
    if history.noise is not None:
        uncertainty = math.hypot(history.noise.of_mean(len(before)), history.noise.of_mean(len(after)))
    return Gain(sum(after) / len(after) - sum(before) / len(before), uncertainty)


def validation_gains(view: View, since: int) -> list[Gain]:
    """Return the gain of every validation that was done before and after a step."""
    gains = [validation_gain(history, since) for history in view.family("validation").values()]
    return [gain for gain in gains if gain is not None]


def validation_rose(view: View, since: int) -> bool:
    """Return whether some validation is better than it was at a step."""
    return any(gain.rose for gain in validation_gains(view, since))


def validation_known(view: View, since: int) -> bool:
    """Return whether there was a validation after a step, and one before."""
    return bool(validation_gains(view, since))


def solved(view: View) -> bool:
    """Return whether the model is right nearly always."""
    history = view.histories.get("accuracy")
    return history is not None and bool(history.values) and history.level(HALF).value >= SOLVED


def not_supervised(view: View, change: Change) -> bool:
    """Return whether there is a policy: in supervised training gradients fall as the loss does."""
    return "supervised_loss" not in view.histories


def unless_supervised(view: View, change: Change) -> bool:
    """Return whether there is a policy, and something left to learn."""
    return not_supervised(view, change) and not solved(view)


def unless_solved(view: View, change: Change) -> bool:
    """Return whether there is something left to learn."""
    return not solved(view)


def not_rising(view: View, change: Change) -> bool:
    """Return whether accuracy does not rise, or is not known, and there is something left to learn."""
    return not solved(view) and not rose(view.histories.get("accuracy"), change.begun)


def nothing_rises(view: View, change: Change) -> bool:
    """Return whether neither accuracy nor validation rises, where they are known, and something is left to learn."""
    return not_rising(view, change) and not validation_rose(view, change.begun)


def not_better(view: View, change: Change) -> bool:
    """Return whether neither accuracy nor validation rose since a change began, and there is room to."""
    return accuracy_flat(view, change) and not validation_rose(view, change.begun)


def accuracy_flat(view: View, change: Change) -> bool:
    """Return whether accuracy did not rise since a change began, whatever validation did."""
    return "accuracy" in view.histories and not solved(view) and not rose(view.histories["accuracy"], change.begun)


def no_validation_rose(view: View, change: Change) -> bool:
    """Return whether validation does not say the opposite."""
    return not validation_rose(view, change.begun)


def long_not_better(view: View, change: Change) -> bool:
    """Return whether neither accuracy nor validation rose, although the change began long ago."""
    steps = view.histories["accuracy"].steps if "accuracy" in view.histories else []
    return bool(steps) and steps[-1] - change.begun >= LONG and not_better(view, change)


def worse_everywhere(view: View, change: Change) -> bool:
    """Return whether accuracy and some validation fell since a change began, and no validation rose.

    Accuracy alone falls, and responses grow, when problems become harder.
    """
    return worse(view, change) and any(gain.fell for gain in validation_gains(view, change.begun))


def as_long(view: View, change: Change) -> bool:
    """Return whether responses are about as long as when a change began, or longer."""
    history = view.histories.get("length")
    if history is None or history.noise is None or not history.values:
        return True
    before = history.level_at(change.begun)
    return before is None or history.level(HALF).value >= before.value + math.log(SHORTER)


def as_long_and_worse(view: View, change: Change) -> bool:
    """Return whether responses are about as long as when a change began, and accuracy fell."""
    return as_long(view, change) and worse(view, change)


def worse(view: View, change: Change) -> bool:
    """Return whether accuracy fell since a change began, and validation did not rise."""
    history = view.histories.get("accuracy")
    if history is None or history.noise is None or validation_rose(view, change.begun):
        return False
    before, now = history.level_at(change.begun), history.level(HALF)
    if before is None:
        return False
    uncertainty = history.noise.of_mean(now.size) + history.noise.of_mean(before.size)
    return before.value - now.value >= max(GAIN, 2 * uncertainty)
