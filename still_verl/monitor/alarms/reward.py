"""Alarms about what is rewarded: accuracy, validation, score, groups, format. Their names are in the registry."""

import math
from bisect import bisect_right

from still_verl.monitor.alarms.changes import Change, Direction
from still_verl.monitor.alarms.conditions import (
    GAIN,
    HALF,
    VALIDATIONS,
    no_validation_rose,
    not_better,
    nothing_rises,
    rose,
    solved,
    validation_gain,
    validation_known,
    validation_rose,
)
from still_verl.monitor.alarms.detectors import View
from still_verl.monitor.alarms.history import EACH_STEP, History
from still_verl.monitor.alarms.level import Grade, LevelDetector

PAID = 0.3  # of a rise of the score or of accuracy: so much of it must be seen in what it stands for
GRADUAL_STEPS, GRADUAL_PART = 30, 0.8  # of a rise: less than this part in so many steps
RECOVERED = 0.5  # of a rise of the score: less than this part of it is beyond the level before
BELOW = 0.15  # of accuracy: a validation that is so much lower
GAP_Z = 4.0  # deviations of the noise of such a gap: then two validations are enough
GAP = 0.08  # rise of training accuracy, at the steps of the last validations, that they should follow


def gain_since(history: History, step: int) -> float:
    """Return how much higher a signal is than its level until a step."""
    before = history.level_until(step)
    if before is None:
        return 0.0
    return history.level(HALF).value - before.value


def unpaid(view: View, change: Change) -> bool:
    """Return whether true accuracy, which must be logged, rose by a small part of what the score did."""
    accuracy = view.histories.get("true_accuracy")
    if accuracy is None or solved(view):  # without it the score stands in for accuracy: `train_validation_gap`
        return False
    paid = gain_since(view.histories["score"], change.begun)
    return paid > 0 and gain_since(accuracy, change.begun) < PAID * paid


def unpaid_everywhere(view: View, change: Change) -> bool:
    """Return whether validation did not rise either, where there is one."""
    return unpaid(view, change) and not validation_rose(view, change.begun)


def unpaid_for_sure(view: View, change: Change) -> bool:
    """Return whether validation says, too, that nothing was learned, while the score rose over many steps."""
    score = view.histories["score"]
    # Where the score fell before it rose, what it has gained since then is less: it recovers.
    if gain_since(score, change.begun) < RECOVERED * (change.after - change.before):
        return False
    return gradual(score, change) and validation_known(view, change.begun) and unpaid_everywhere(view, change)


def gradual(history: History, change: Change) -> bool:
    """Return whether a rise took many steps.

    What is another from one step to the next was not learned: other samples are counted, or other data is used.
    """
    later = history.level_until(change.begun + GRADUAL_STEPS)
    if later is None or history.steps[-1] < change.begun + GRADUAL_STEPS:  # too early to say
        return False
    return later.value - change.before <= GRADUAL_PART * (change.after - change.before)


def paid_by_score(view: View, change: Change) -> bool:
    """Return whether the score rose with this term, and accuracy did not."""
    return rose(view.histories.get("score"), change.begun) and unpaid(view, change)


def validation_stays(view: View, change: Change) -> bool:
    """Return whether no validation followed what accuracy was at the steps of these validations."""
    gaps = [_gap(view.histories["accuracy"], history, change) for history in view.family("validation").values()]
    known = [gap for gap in gaps if gap is not None]
    return bool(known) and all(known)


def validation_stays_below(view: View, change: Change) -> bool:
    """Return whether accuracy rose over many steps, and the validations did not follow, and are far below it.

    Data that come in an order make accuracy rise for some time, too; other data, at once.
    """
    accuracy = view.histories["accuracy"]
    now = accuracy.level(HALF).value
    after = [0]
    for history in view.family("validation").values():
        if now - history.level(VALIDATIONS).value < BELOW:
            return False
        after.append(len(history.steps) - bisect_right(history.steps, change.begun))
    return max(after) >= 2 * VALIDATIONS and gradual(accuracy, change) and validation_stays(view, change)


def _gap(accuracy: History, validation: History, change: Change) -> bool | None:
    """Return whether a validation stayed behind accuracy since a change began; None if that cannot be known yet."""
    gain, before = validation_gain(validation, change.begun), accuracy.level_at(change.begun)
    steps = [step for step in validation.steps if step > change.begun][-VALIDATIONS:]
    if gain is None or before is None or accuracy.noise is None:
        return None
    levels = [accuracy.level_at(step) for step in steps]
    trained = sum(level.value for level in levels if level) / len(levels) - before.value
    if trained < GAP or gain.value >= max(GAIN, PAID * trained):
        return False
    uncertainty = math.hypot(gain.uncertainty, accuracy.noise.of_mean(EACH_STEP.level))
    return len(steps) >= VALIDATIONS or trained - gain.value >= GAP_Z * uncertainty


ACCURACY_DROP = LevelDetector(
    "accuracy",
    Direction.FALL,
    [
        Grade("critical", 0.6, only_if=no_validation_rose),
        Grade("warning", 0.15, only_if=no_validation_rose),
        Grade("info", 0.03),
    ],
    "fewer answers are right than before, or the score is lower where accuracy is not logged",
    "read samples of both times; go back to a checkpoint and lower the learning rate; look for harder data since then",
)
VALIDATION_DROP = LevelDetector(
    "validation",
    Direction.FALL,
    [Grade("critical", 0.5), Grade("warning", 0.1), Grade("info", 0.03)],
    "a validation is worse than before",
    "keep the best checkpoint; look whether only one source falls (the model forgets it) or all (the policy breaks)",
)
TRAIN_VALIDATION_GAP = LevelDetector(
    "accuracy",
    Direction.RISE,
    [Grade("critical", 0.5, only_if=validation_stays_below), Grade("warning", 0.2, only_if=validation_stays)],
    "what is rewarded rises in training, and no validation does",
    "read right samples: is the verifier gamed, or are training problems repeated too often?",
)
REWARD_HACKING_SCORE = LevelDetector(
    "score",
    Direction.RISE,
    [
        Grade("critical", 0.3, tests=("creep",), only_if=unpaid_for_sure),
        Grade("warning", 0.1, only_if=unpaid_everywhere),
        Grade("info", 0.05, only_if=unpaid),
    ],
    "the score rises and not more answers are right",
    "look which term of the reward rises (still/reward/*) and lower its weight",
)
REWARD_TERM_DOMINATES = LevelDetector(
    "reward",
    Direction.RISE,
    [Grade("warning", 0.1, only_if=paid_by_score), Grade("info", 0.03, only_if=paid_by_score)],
    "one term of the reward makes the score rise, and not more answers are right",
    "lower the weight of this term, or pay it only for right answers",
)
FORMAT_WITHOUT_CORRECTNESS = LevelDetector(
    "answered",
    Direction.RISE,
    [Grade("warning", 0.2, only_if=not_better), Grade("info", 0.05, only_if=not_better)],
    "more responses have an answer in the right format, and not more are right",
    "pay the format less, or only for right answers; expected for some steps at the start of a base model",
)
GROUPS_TOO_EASY = LevelDetector(
    "all_right",
    Direction.RISE,
    [
        Grade("warning", 0.2, level=0.6),
        Grade("info", 0.2, level=0.35, tests=("shift",)),
        Grade("info", 0.25, level=0.4),
    ],
    "whole groups are right, so that they teach nothing",
    "harder data, or drop such groups with still.selection.rules=[accuracy]",
    standing=[Grade("warning", 0, level=0.8)],
)
GROUPS_TOO_HARD = LevelDetector(
    "all_wrong",
    Direction.RISE,
    [Grade("warning", 0.2, level=0.5), Grade("info", 0.1)],
    "whole groups are wrong, so that they teach nothing",
    "easier data, more samples of each prompt, or drop such groups with still.selection.rules=[accuracy]",
    standing=[Grade("warning", 0, level=0.8)],
)
GROUPS_WITHOUT_SIGNAL = LevelDetector(
    "without_signal",
    Direction.RISE,
    [Grade("warning", 0.2, level=0.5), Grade("info", 0.1)],
    "all samples of a group get the same reward, so that it teaches nothing",
    "look whether such groups are too easy or too hard, and change the data; or sample more often for each prompt",
    standing=[Grade("warning", 0, level=0.8)],
)
ROLLOUTS_EQUAL = LevelDetector(
    "distinct",
    Direction.FALL,
    [
        Grade("critical", 0.4, level=0.3, only_if=nothing_rises),
        Grade("warning", 0.1, level=0.8),
        Grade("info", 0.05),
    ],
    "the rollouts of one prompt become equal to each other (the echo trap)",
    "raise the temperature or the entropy bonus, or go back to a checkpoint: what does not vary cannot be learned from",
)
