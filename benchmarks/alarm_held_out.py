"""Failures and healthy kinds that were written after the detectors were tuned; no threshold was changed for them.

    python benchmarks/alarms.py --held-out

Here failures have forms that `alarm_failures` has not: they come in bursts, go and return, change several signals a
little, happen at the very beginning, or change noise with the level.
"""

from collections.abc import Callable, Mapping

import numpy as np
from alarm_failures import Failure, Plant
from alarm_runs import ACCURACY, SCORE, VALIDATION, Rng, Run, learns

SHAPES: dict[str, tuple[Plant, tuple[str, ...]]] = {}
STYLE = "still/reward/style"


def held_out(name: str, *alarms: str) -> Callable[[Plant], Plant]:
    def register(plant: Plant) -> Plant:
        SHAPES[name] = (plant, alarms)
        return plant

    return register


def scored(failure: Failure) -> None:
    failure.run.series[SCORE] = failure.run.series[ACCURACY] + 0.1 * failure.run.series[STYLE]


@held_out("half of the batch breaks", "accuracy_drop", "length_collapse")
def _(failure: Failure) -> None:
    """Every other response is empty: accuracy, length and words halve."""
    for name in (ACCURACY, "still/length/mean", "still/completion/answered"):
        failure.run.series[name] = failure.run.series[name] * (1 - 0.5 * failure.ramp)
    scored(failure)


@held_out("accuracy swings wider and wider", "accuracy_drop")
def _(failure: Failure) -> None:
    time = np.arange(failure.run.steps) - failure.turn
    swing = 0.5 * (1 - np.cos(2 * np.pi * time / failure.rng.uniform(15, 25)))
    failure.freeze_all()
    failure.run.series[ACCURACY] = failure.run.series[ACCURACY] * (1 - 0.9 * failure.ramp * swing * failure.after)
    scored(failure)


@held_out("length doubles and text repeats", "reward_hacking_length", "length_explosion", "reward_hacking_repetition")
def _(failure: Failure) -> None:
    failure.freeze_all()
    failure.move("still/length/mean", 1.6, 2.5)
    failure.move("still/repetition", 0.03, 0.15)


@held_out("every second gradient is large", "gradient_explosion", "gradient_spikes")
def _(failure: Failure) -> None:
    odd = np.arange(failure.run.steps) % 2 == 0
    factor = np.exp(np.log(failure.rng.uniform(6, 40)) * failure.ramp)
    failure.run.series["actor/grad_norm"] *= np.where(odd & failure.after, factor, 1)


@held_out("entropy falls to zero exactly", "entropy_collapse")
def _(failure: Failure) -> None:
    failure.run.series["actor/entropy"] = failure.run.series["actor/entropy"] * (1 - failure.ramp)


@held_out("noise grows with the mismatch", "rollout_mismatch")
def _(failure: Failure) -> None:
    name = "training/rollout_probs_diff_mean"
    ramp = failure.ramp
    wild = np.exp(failure.rng.uniform(1.5, 3.0) * ramp + 0.4 * ramp * failure.rng.standard_normal(failure.run.steps))
    failure.run.series[name] = failure.run.series[name] * wild


@held_out("the tool breaks, and is given up later", "tool_failures", "tool_collapse")
def _(failure: Failure) -> None:
    failure.move("still/tool/success", -0.6, -0.2)
    failure.move("still/tool/calls", 0.5, 0.1)


@held_out("the model answers at once", "length_collapse", "accuracy_drop")
def _(failure: Failure) -> None:
    """It stops reasoning: short, finished, in the right format, a little less often right."""
    failure.freeze_all()
    failure.move("still/length/mean", 0.4, 0.1)
    failure.move(ACCURACY, -0.15, -0.05)
    failure.move("still/keywords/reflection/per_1k_words", 0.5, 0.05)
    scored(failure)


@held_out("gradients are NaN now and then", "not_finite")
def _(failure: Failure) -> None:
    share = 0.5 * failure.ramp + 0.2 * failure.after
    broken = failure.after & (failure.rng.random(failure.run.steps) < share)
    failure.run.series["actor/grad_norm"] = np.where(broken, np.nan, failure.run.series["actor/grad_norm"])


@held_out("the policy forgets: KL, entropy and accuracy together", "kl_explosion", "entropy_explosion", "accuracy_drop")
def _(failure: Failure) -> None:
    failure.freeze_all()
    failure.move("actor/kl_loss", 3, 10)
    failure.move("actor/entropy", 1.4, 3)
    failure.move(ACCURACY, -0.25, -0.1)
    scored(failure)


@held_out("groups become all right and all wrong", "groups_too_easy", "groups_too_hard", "groups_without_signal")
def _(failure: Failure) -> None:
    """The problems split into what is always solved and what never is."""
    failure.freeze_all()
    failure.move("still/groups/all_right", 0.15, 0.3)
    failure.move("still/groups/all_wrong", 0.15, 0.3)
    failure.move("still/groups/equal_reward", 0.3, 0.5)


def harder_and_longer(run: Run, rng: Rng) -> None:
    """Problems become harder all the time: training accuracy stays, validation rises, lengths double."""
    time = np.arange(run.steps) / run.steps
    level = rng.uniform(0.3, 0.6)
    noise = run.noise[ACCURACY] * rng.standard_normal(run.steps)
    run.series[ACCURACY] = np.clip(level + noise, 0, 1)
    run.series[SCORE] = run.series[ACCURACY] + 0.1 * run.series[STYLE]
    run.series["still/length/mean"] = run.series["still/length/mean"] * (1 + rng.uniform(0.3, 1.2) * time)


def warm_up(run: Run, rng: Rng) -> None:
    """A learning rate that warms up and decays: gradients, clipping and KL follow it."""
    time = np.arange(run.steps)
    rate = np.minimum(time / rng.uniform(5, 30), 1) * 0.5 * (1 + np.cos(np.pi * time / run.steps)) + 0.02
    run.series["actor/pg_clipfrac"] = run.series["actor/pg_clipfrac"] * rate
    run.series["actor/grad_norm"] = run.series["actor/grad_norm"] * (0.5 + rng.uniform(0, 1) * (1 - rate))
    run.series["actor/kl_loss"] = run.series["actor/kl_loss"] * (0.1 + rate)


def format_first(run: Run, rng: Rng) -> None:
    """A base model learns the format in its first steps, long before it is right more often."""
    time = np.arange(run.steps)
    learned = 1 / (1 + np.exp(-(time - rng.uniform(5, 40)) / rng.uniform(2, 8)))
    answered = rng.uniform(0.1, 0.3) + rng.uniform(0.5, 0.65) * learned
    noise = 0.02 * rng.standard_normal(run.steps)
    run.series["still/completion/answered"] = np.clip(answered + noise, 0, 1)
    run.series["still/length/mean"] = run.series["still/length/mean"] * (1 - rng.uniform(0.0, 0.5) * learned)


def noisy(run: Run, rng: Rng) -> None:
    """A small batch: heavy-tailed noise, three times as large."""
    for name, deviation in run.noise.items():
        wild = 2 * deviation * rng.standard_t(3, run.steps)
        values = run.series[name]
        factor = name in ("still/length/mean", "actor/entropy", "actor/kl_loss", "actor/grad_norm", "actor/pg_clipfrac")
        run.series[name] = values * np.exp(np.clip(wild, -1, 1)) if factor else values + wild
    for name in (ACCURACY, VALIDATION):
        run.series[name] = np.clip(run.series[name], 0, 1)


def mixture_changes(run: Run, rng: Rng) -> None:
    """Another data mixture from some step on: every level is a little different, up or down."""
    after = np.arange(run.steps) >= rng.integers(60, run.steps - 60)
    for name in (ACCURACY, SCORE):
        run.series[name] = run.series[name] * np.where(after, rng.uniform(0.75, 1.25), 1)
    for name in ("still/length/mean", "actor/entropy", "actor/grad_norm", "still/keywords/reflection/per_1k_words"):
        run.series[name] = run.series[name] * np.where(after, rng.uniform(0.6, 1.6), 1)


HEALTHY: Mapping[str, Callable[[Run, Rng], None]] = {
    "harder and longer": harder_and_longer,
    "warm-up and decay": warm_up,
    "format first": format_first,
    "small batch": noisy,
    "mixture changes": mixture_changes,
    "learns, other seeds": learns,
}
