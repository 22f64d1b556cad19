"""How simulated runs fail, for `alarms.py`: each shape changes some metrics of a healthy run from a step on.

A change takes `onset` steps and stays. Sizes are drawn for each run: between what is at least 5 deviations of the
noise, and what was reported of real runs. Accuracy stands still, or falls, where a failure is one only because of that.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from alarm_runs import ACCURACY, METRICS, SCORE, VALIDATION, Rng, Run, clipped

RAMPS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda x: x,
    lambda x: x**2,
    lambda x: np.sqrt(x),
    lambda x: x * x * (3 - 2 * x),
)


@dataclass
class Failure:
    """A run that fails.

    Attributes:
        run: until the failure a healthy one.
        turn: the first step of the failure, from 0.
        onset: steps that it takes.
        rng: for the sizes.
    """

    run: Run
    turn: int
    onset: int
    rng: Rng

    @property
    def ramp(self) -> np.ndarray:
        """0 before the failure, 1 from its full size on."""
        time = np.clip((np.arange(self.run.steps) - self.turn + 1) / self.onset, 0, 1)
        return RAMPS[self.rng.integers(len(RAMPS))](time)

    @property
    def after(self) -> np.ndarray:
        return np.arange(self.run.steps) >= self.turn

    def move(self, name: str, low: float, high: float) -> None:
        """Add a difference, or multiply by a factor, drawn between the two; 5 deviations at least.

        Differences have the sign of `high`; factors below 1 make it smaller.
        """
        values, deviation = self.run.series[name], 5 * self.run.noise[name]
        if name in METRICS and METRICS[name][3] == "log":
            size = self.rng.uniform(*sorted(np.log([low, high])))
            size = np.sign(size) * max(abs(size), deviation)
            self.run.series[name] = values * np.exp(size * self.ramp)
        else:
            size = self.rng.uniform(*sorted((low, high)))
            size = np.sign(size) * max(abs(size), deviation)
            self.run.series[name] = clipped(name, values + size * self.ramp)

    def goes_to(self, name: str, low: float, high: float) -> None:
        """Move to a level drawn between two, with the noise it had."""
        values, ramp = self.run.series[name], self.ramp
        self.run.series[name] = clipped(name, values + (self.rng.uniform(low, high) - values[self.turn]) * ramp)

    def freeze(self, *names: str) -> None:
        """Keep metrics at their mean level around the turn; their noise goes on."""
        for name in names:
            values = self.run.series[name]
            level = values[max(self.turn - 15, 0) : self.turn].mean()
            later = level + self.run.noise[name] * self.rng.standard_normal(len(values))
            self.run.series[name] = np.where(self.after, later, values)

    def freeze_all(self) -> None:
        self.freeze(ACCURACY, VALIDATION)
        self.run.series[SCORE] = self.run.series[ACCURACY] + 0.1 * self.run.series["still/reward/style"]


Plant = Callable[[Failure], None]
SHAPES: dict[str, tuple[Plant, tuple[str, ...]]] = {}  # what it changes, and the alarms that say so


def shape(name: str, *alarms: str) -> Callable[[Plant], Plant]:
    def register(plant: Plant) -> Plant:
        SHAPES[name] = (plant, alarms)
        return plant

    return register


def moves(name: str, alarms: tuple[str, ...], metric: str, low: float, high: float, frozen: bool = False) -> None:
    """Register a failure of one metric."""

    def plant(failure: Failure) -> None:
        if frozen:
            failure.freeze_all()
        failure.move(metric, low, high)

    SHAPES[name] = (plant, alarms)


@shape("accuracy collapses", "accuracy_drop")
def _(failure: Failure) -> None:
    failure.goes_to(ACCURACY, 0.0, 0.05)
    failure.run.series[SCORE] = failure.run.series[ACCURACY] + 0.1 * failure.run.series["still/reward/style"]


@shape("accuracy declines", "accuracy_drop")
def _(failure: Failure) -> None:
    failure.freeze_all()
    failure.move(ACCURACY, -0.2, -0.05)
    failure.run.series[SCORE] = failure.run.series[ACCURACY] + 0.1 * failure.run.series["still/reward/style"]


@shape("score of plain verl collapses", "accuracy_drop")
def _(failure: Failure) -> None:
    failure.goes_to(SCORE, 0.0, 0.05)
    for name in [name for name in failure.run.series if name.startswith("still/")]:
        del failure.run.series[name]


@shape("score from -1 to 1 falls", "accuracy_drop")
def _(failure: Failure) -> None:
    failure.freeze_all()
    failure.move(ACCURACY, -0.3, -0.1)
    signed = 2 * failure.run.series.pop(ACCURACY) - 1
    failure.run.series[SCORE] = signed


@shape("validation falls", "validation_drop")
def _(failure: Failure) -> None:
    failure.freeze(VALIDATION)
    failure.move(VALIDATION, -0.3, -0.1)


@shape("score rises alone", "reward_hacking_score")
def _(failure: Failure) -> None:
    failure.freeze_all()
    failure.move(SCORE, 0.15, 0.6)


@shape("a reward term takes over", "reward_term_dominates")
def _(failure: Failure) -> None:
    failure.freeze_all()
    before = failure.run.series["still/reward/style"].copy()
    failure.move("still/reward/style", 0.3, 0.5)
    failure.run.series[SCORE] = failure.run.series[SCORE] + failure.run.series["still/reward/style"] - before


@shape("a reward term dies", "reward_term_dead")
def _(failure: Failure) -> None:
    failure.run.series["still/reward/style"] = failure.run.series["still/reward/style"] * (1 - failure.ramp)


@shape("policy breaks", "accuracy_drop", "entropy_explosion", "gradient_explosion", "length_explosion")
def _(failure: Failure) -> None:
    failure.goes_to(ACCURACY, 0.0, 0.1)
    failure.move("actor/entropy", 3, 10)
    failure.move("actor/grad_norm", 3, 20)
    failure.move("still/length/mean", 1.5, 4)


@shape("gradient spikes", "gradient_spikes")
def _(failure: Failure) -> None:
    time, every = np.arange(failure.run.steps), int(failure.rng.integers(5, 15))
    spikes = failure.after & ((time - failure.turn) % every == 0)
    failure.run.series["actor/grad_norm"] *= np.where(spikes, failure.rng.uniform(10, 100), 1)


def _breaks(value: float, *metrics: str) -> Plant:
    def plant(failure: Failure) -> None:
        for metric in metrics or tuple(failure.run.series):
            failure.run.series[metric] = np.where(failure.after, value, failure.run.series[metric])

    return plant


SHAPES["everything is NaN"] = (_breaks(np.nan), ("not_finite",))
SHAPES["gradient and loss are NaN"] = (_breaks(np.nan, "actor/grad_norm", "actor/pg_loss"), ("not_finite",))
SHAPES["KL is infinite"] = (_breaks(np.inf, "actor/kl_loss"), ("not_finite",))
WITHOUT_ONSET = ("everything is NaN", "gradient and loss are NaN", "KL is infinite", "gradient spikes")

moves("format without right answers", ("format_without_correctness",), "still/completion/answered", 0.15, 0.3, True)
moves("groups all right", ("groups_too_easy",), "still/groups/all_right", 0.3, 0.7)
moves("groups all wrong", ("groups_too_hard",), "still/groups/all_wrong", 0.3, 0.7)
moves("groups without signal", ("groups_without_signal",), "still/groups/equal_reward", 0.2, 0.6)
moves("rollouts become equal", ("rollouts_equal",), "still/groups/distinct", -0.7, -0.2)
moves("length grows", ("reward_hacking_length", "length_explosion"), "still/length/mean", 1.3, 3, True)
moves("length explodes", ("reward_hacking_length", "length_explosion"), "still/length/mean", 5, 30, True)
moves("length collapses", ("length_collapse",), "still/length/mean", 0.5, 0.02)
moves("responses are cut", ("truncation",), "still/completion/finished", -0.15, -0.8)
moves("keywords grow", ("reward_hacking_keywords",), "still/keywords/reflection/per_1k_words", 1.6, 5, True)
moves("repetition", ("reward_hacking_repetition",), "still/repetition", 0.05, 0.6, True)
moves("repetition without words", ("reward_hacking_repetition",), "still/repetition_characters", 0.05, 0.6, True)
moves("gibberish", ("gibberish",), "still/compression", 1.2, 1.7)
moves("scripts mix", ("script_mix",), "still/script/mixed", 0.05, 0.6)
moves("thoughts stay open", ("unclosed_thoughts",), "still/thoughts/unclosed", 0.1, 0.6)
moves("several answers", ("several_answers",), "still/boxes/mean", 1.5, 10, True)
moves("short loops", ("diversity_collapse",), "still/distinct_2", -0.5, -0.15)
moves("rollouts abort", ("aborted_responses",), "response/aborted_ratio", 0.05, 0.5)
moves("entropy collapses", ("entropy_collapse",), "actor/entropy", 0.3, 0.02)
moves("entropy explodes", ("entropy_explosion",), "actor/entropy", 1.8, 15)
moves("KL explodes", ("kl_explosion", "kl_acceleration"), "actor/kl_loss", 5, 200)
moves("updates are clipped", ("clip_fraction",), "actor/pg_clipfrac", 3, 40)
moves("gradients explode", ("gradient_explosion",), "actor/grad_norm", 3, 100)
moves("gradients vanish", ("gradient_vanishing",), "actor/grad_norm", 0.3, 0.01)
moves("rollout differs", ("rollout_mismatch",), "training/rollout_probs_diff_mean", 2.5, 50)
moves("samples are stale", ("staleness",), "training/off_policy/trajectory_spans/mean", 0.5, 4)
moves("tool is given up", ("tool_collapse",), "still/tool/calls", 0.4, 0.01)
moves("tool is overused", ("tool_overuse",), "still/tool/calls", 1.8, 6, True)
moves("tool fails", ("tool_failures",), "still/tool/success", -0.15, -0.7)
moves("void turns", ("void_turns",), "still/tool/no_code_ratio", 0.08, 0.6)


@shape("validation does not follow", "train_validation_gap")
def _(failure: Failure) -> None:
    failure.freeze(VALIDATION, ACCURACY)
    failure.move(ACCURACY, 0.25, 0.5)
    failure.run.series[SCORE] = failure.run.series[ACCURACY] + 0.1 * failure.run.series["still/reward/style"]
