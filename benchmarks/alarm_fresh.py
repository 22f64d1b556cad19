"""Failures and healthy kinds that were written last, after the detectors had been changed for what the others showed.

    python benchmarks/alarms.py --fresh

Here several signals move at once or in waves, one source of several fails, or a script changes.
"""

from collections.abc import Callable, Mapping

import numpy as np
from alarm_failures import Failure, Plant
from alarm_held_out import STYLE, scored
from alarm_runs import ACCURACY, SCORE, VALIDATION, Rng, Run

SHAPES: dict[str, tuple[Plant, tuple[str, ...]]] = {}
SOURCES = ("val-core/aime24/acc/mean@8", "val-core/amc23/acc/mean@8")
LENGTH, ENTROPY, CALLS = "still/length/mean", "actor/entropy", "still/tool/calls"


def fresh(name: str, *alarms: str) -> Callable[[Plant], Plant]:
    def register(plant: Plant) -> Plant:
        SHAPES[name] = (plant, alarms)
        return plant

    return register


def noisy(run: Run, rng: Rng, level: np.ndarray, deviation: float) -> np.ndarray:
    return np.clip(level + deviation * rng.standard_normal(run.steps), 0, 1)


@fresh("the model changes its language", "script_mix")
def _(failure: Failure) -> None:
    share = failure.rng.uniform(0.15, 0.9) * failure.ramp
    failure.run.series["still/script/han"] = noisy(failure.run, failure.rng, 0.002 + share, 0.002)
    failure.run.series["still/script/latin"] = 1 - failure.run.series["still/script/han"]


@fresh("thoughts never end", "truncation", "unclosed_thoughts", "length_explosion", "reward_hacking_length")
def _(failure: Failure) -> None:
    failure.freeze_all()
    failure.move(LENGTH, 1.3, 2.0)
    failure.move("still/completion/finished", -0.1, -0.4)
    failure.move("still/thoughts/unclosed", 0.1, 0.4)


@fresh("KL bursts and comes back", "kl_explosion", "kl_acceleration")
def _(failure: Failure) -> None:
    time = np.arange(failure.run.steps) - failure.turn
    saw = (time % 40) / 40 * failure.after
    failure.run.series["actor/kl_loss"] *= np.exp(failure.rng.uniform(2.5, 4.5) * np.maximum(failure.ramp * saw, 0))


@fresh("the tool is away now and then", "tool_failures")
def _(failure: Failure) -> None:
    time = np.arange(failure.run.steps) - failure.turn
    away = failure.after & (time % 20 < 8)
    factor = 1 - failure.rng.uniform(0.5, 1.0) * failure.ramp * away
    failure.run.series["still/tool/success"] = failure.run.series["still/tool/success"] * factor


@fresh("entropy swings wider and wider", "entropy_explosion", "entropy_collapse")
def _(failure: Failure) -> None:
    time = np.arange(failure.run.steps) - failure.turn
    wave = np.sin(2 * np.pi * time / failure.rng.uniform(15, 40))
    failure.run.series[ENTROPY] *= np.exp(failure.rng.uniform(1.0, 2.0) * failure.ramp * wave * failure.after)


@fresh("half of the prompts have one response", "rollouts_equal", "entropy_collapse")
def _(failure: Failure) -> None:
    failure.freeze_all()
    failure.move("still/groups/distinct", -0.25, -0.45)
    failure.move(ENTROPY, 0.6, 0.4)


@fresh("one of two sources cannot be graded", "accuracy_drop", "groups_too_hard")
def _(failure: Failure) -> None:
    lost = failure.rng.uniform(0.3, 0.6)
    failure.freeze_all()
    failure.run.series[ACCURACY] = failure.run.series[ACCURACY] * (1 - lost * failure.ramp)
    failure.move("still/groups/all_wrong", 0.2, 0.4)
    scored(failure)


@fresh("advantages vanish", "groups_without_signal", "gradient_vanishing")
def _(failure: Failure) -> None:
    failure.freeze_all()
    name = "still/groups/equal_reward"
    failure.run.series[name] = failure.run.series[name] + (0.98 - failure.run.series[name]) * failure.ramp
    failure.move("actor/grad_norm", 0.5, 0.1)


@fresh("style is paid and answers get worse", "reward_hacking_score", "accuracy_drop", "reward_term_dominates")
def _(failure: Failure) -> None:
    failure.freeze_all()
    failure.move(ACCURACY, -0.12, -0.05)
    failure.move(STYLE, 0.25, 0.5)
    failure.run.series[SCORE] = failure.run.series[ACCURACY] + failure.rng.uniform(0.6, 1.2) * failure.run.series[STYLE]


@fresh("rollouts lag behind", "staleness", "rollout_mismatch")
def _(failure: Failure) -> None:
    failure.move("training/off_policy/trajectory_spans/mean", 0.5, 3)
    failure.move("training/rollout_probs_diff_mean", 2, 5)


@fresh("one benchmark of three is forgotten", "validation_drop")
def _(failure: Failure) -> None:
    for source in SOURCES:
        level = failure.run.series[VALIDATION]
        failure.run.noise[source] = failure.rng.uniform(0.01, 0.02)
        failure.run.series[source] = noisy(failure.run, failure.rng, level, failure.run.noise[source])
    failure.freeze(SOURCES[1])
    failure.move(SOURCES[1], -0.3, -0.15)


def transient(run: Run, rng: Rng) -> None:
    """The first steps are unlike all others: the model drops the style of its base within ten steps."""
    start = np.exp(-np.arange(run.steps) / rng.uniform(2, 6))
    for name in (LENGTH, ENTROPY, "actor/grad_norm", "actor/pg_clipfrac"):
        run.series[name] = run.series[name] * np.exp(rng.uniform(-1.5, 1.5) * start)
    run.series["still/completion/finished"] = np.clip(run.series["still/completion/finished"] - 0.4 * start, 0, 1)


def noisy_validations(run: Run, rng: Rng) -> None:
    """Two small benchmarks beside: thirty problems each, so that a validation is off by some points."""
    for source in SOURCES:
        level = rng.uniform(0.1, 0.4) + rng.uniform(0.0, 0.15) * run.learned
        run.series[source] = noisy(run, rng, level, rng.uniform(0.02, 0.05))


def seasons(run: Run, rng: Rng) -> None:
    """The data are sorted, and come again in each epoch: every level goes up and down with it."""
    wave = np.sin(2 * np.pi * np.arange(run.steps) / rng.uniform(40, 120) + rng.uniform(0, 6))
    for name in (ACCURACY, SCORE):
        run.series[name] = run.series[name] + rng.uniform(0.02, 0.08) * wave
    run.series[ACCURACY] = np.clip(run.series[ACCURACY], 0, 1)
    for name in (LENGTH, ENTROPY, CALLS, "actor/grad_norm", "still/keywords/reflection/per_1k_words"):
        run.series[name] = run.series[name] * np.exp(rng.uniform(-0.25, 0.25) * wave)


def tool_learned(run: Run, rng: Rng) -> None:
    """The model finds out how to call its tool: calls rise from nearly none, responses grow, and more are right."""
    time = np.arange(run.steps)
    found = 1 / (1 + np.exp(-(time - rng.uniform(60, 200)) / rng.uniform(3, 20)))
    run.series[CALLS] = run.series[CALLS] * (0.02 + found)
    run.series[LENGTH] = run.series[LENGTH] * (1 + rng.uniform(0.2, 0.8) * found)
    for name in (ACCURACY, SCORE, VALIDATION):
        run.series[name] = run.series[name] + rng.uniform(0.05, 0.15) * found


def two_languages(run: Run, rng: Rng) -> None:
    """From some step on a part of the prompts is in another language, a little harder."""
    after = np.arange(run.steps) >= rng.integers(40, run.steps - 40)
    run.series["still/script/han"] = noisy(run, rng, 0.002 + rng.uniform(0.05, 0.3) * after, 0.002)
    run.series["still/script/mixed"] = np.clip(run.series["still/script/mixed"] + 0.05 * after, 0, 1)
    for name in (ACCURACY, SCORE):
        run.series[name] = run.series[name] * np.where(after, rng.uniform(0.85, 1.0), 1)
    run.series["still/compression"] = run.series["still/compression"] * np.where(after, rng.uniform(1.0, 1.15), 1)


HEALTHY: Mapping[str, Callable[[Run, Rng], None]] = {
    "first steps differ": transient,
    "noisy validations": noisy_validations,
    "seasons": seasons,
    "a tool is learned": tool_learned,
    "two languages": two_languages,
}
