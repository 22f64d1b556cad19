"""Simulated runs for `alarms.py`: healthy ones of several kinds, and ones that fail from some step on.

A run that learns: accuracy rises along a logistic curve, and length, keywords, KL, entropy and the rest follow it.
Every run has its own levels, speed and noise. Nothing here knows a threshold of a detector: sizes are what the field
reports, and never below 5 deviations of the noise of the run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Rng = np.random.Generator
Rows = list[dict[str, float | None]]
VALIDATE_EVERY = 5

# Metric: (low and high end of its level, change when all is learned, low and high end of the noise, scale).
# A change and noise are factors (as logarithms) on the scale "log", else differences.
METRICS: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float], str]] = {
    "still/length/mean": ((300, 3000), (-0.2, 0.8), (0.02, 0.08), "log"),
    "still/keywords/reflection/per_1k_words": ((2, 15), (0.0, 0.4), (0.05, 0.15), "log"),
    "still/repetition": ((0.0, 0.05), (0.0, 0.0), (0.002, 0.008), "share"),
    "still/repetition_characters": ((0.0, 0.04), (0.0, 0.0), (0.003, 0.01), "share"),
    "still/loops": ((0.0, 0.02), (0.0, 0.0), (0.002, 0.006), "share"),
    "still/compression": ((0.36, 0.46), (-0.05, 0.05), (0.01, 0.03), "log"),
    "still/script/mixed": ((0.0, 0.03), (0.0, 0.02), (0.002, 0.008), "share"),
    "still/thoughts/unclosed": ((0.0, 0.1), (-0.03, 0.03), (0.005, 0.02), "share"),
    "still/boxes/mean": ((1.0, 1.3), (-0.05, 0.1), (0.01, 0.05), "log"),
    "still/distinct_2": ((0.6, 0.9), (-0.03, 0.03), (0.005, 0.02), "share"),
    "still/completion/finished": ((0.85, 0.99), (-0.05, 0.03), (0.005, 0.02), "share"),
    "still/completion/answered": ((0.5, 0.8), (0.1, 0.2), (0.01, 0.03), "share"),
    "still/groups/all_right": ((0.05, 0.15), (0.1, 0.3), (0.01, 0.04), "share"),
    "still/groups/all_wrong": ((0.3, 0.5), (-0.25, -0.1), (0.01, 0.04), "share"),
    "still/groups/equal_reward": ((0.3, 0.5), (-0.05, 0.05), (0.01, 0.04), "share"),
    "still/groups/distinct": ((0.9, 1.0), (-0.05, 0.0), (0.005, 0.02), "share"),
    "still/reward/style": ((0.2, 0.5), (0.0, 0.1), (0.01, 0.03), "share"),
    "still/tool/calls": ((0.5, 3.0), (-0.3, 0.3), (0.05, 0.15), "log"),
    "still/tool/success": ((0.7, 0.9), (0.0, 0.08), (0.01, 0.03), "share"),
    "still/tool/no_code_ratio": ((0.0, 0.05), (0.0, 0.0), (0.003, 0.01), "share"),
    "response/aborted_ratio": ((0.0, 0.01), (0.0, 0.0), (0.001, 0.004), "share"),
    "actor/entropy": ((0.2, 1.0), (-1.6, -0.2), (0.03, 0.1), "log"),
    "actor/kl_loss": ((0.02, 0.1), (0.0, 0.0), (0.05, 0.2), "log"),  # times a growth of its own
    "actor/grad_norm": ((0.1, 1.0), (-0.5, 0.2), (0.05, 0.2), "log"),
    "actor/pg_clipfrac": ((0.002, 0.02), (0.0, 0.5), (0.05, 0.2), "log"),
    "actor/pg_loss": ((-0.01, 0.01), (0.0, 0.0), (0.005, 0.01), "plain"),
    "training/rollout_probs_diff_mean": ((0.002, 0.008), (0.0, 0.3), (0.05, 0.15), "log"),
    "training/off_policy/trajectory_spans/mean": ((1.0, 2.0), (0.0, 0.2), (0.02, 0.1), "plain"),
}
ACCURACY, SCORE, VALIDATION = "still/accuracy", "critic/score/mean", "val-core/math500/acc/mean@1"


@dataclass
class Run:
    """A run of one series for each metric.

    Attributes:
        series: by metric; validations are NaN where there was none.
        noise: deviation of each metric, on its scale.
        learned: share of what can be learned, in each step.
    """

    series: dict[str, np.ndarray]
    noise: dict[str, float]
    learned: np.ndarray

    @property
    def steps(self) -> int:
        return len(self.learned)

    def rows(self) -> Rows:
        """Return what a logger would have written."""
        found: Rows = []
        for step in range(self.steps):
            row: dict[str, float | None] = {"step": step + 1}
            for name, values in self.series.items():
                if not (name.startswith("val-core/") and step % VALIDATE_EVERY):
                    row[name] = float(values[step])
            found.append(row)
        return found


def ar1(steps: int, correlation: float, rng: Rng) -> np.ndarray:
    """Return noise of unit variance, correlated from step to step."""
    shocks = rng.standard_normal(steps)
    noise = np.empty(steps)
    noise[0] = shocks[0]
    for step in range(1, steps):
        noise[step] = correlation * noise[step - 1] + np.sqrt(1 - correlation**2) * shocks[step]
    return noise


def clipped(name: str, values: np.ndarray) -> np.ndarray:
    scale = METRICS[name][3] if name in METRICS else "share"
    return np.clip(values, 0, 1) if scale == "share" else values


def healthy(steps: int, correlated: bool, rng: Rng) -> Run:
    """Make a run that learns, with noise that is independent or correlated (0.3 to 0.8) from step to step."""
    correlation = rng.uniform(0.3, 0.8) if correlated else 0.0
    time = np.arange(steps)
    learned = 1 / (1 + np.exp(-(time - rng.uniform(30, 150)) / rng.uniform(20, 60)))
    series, noise = {}, {}
    for name, (level, change, deviations, scale) in METRICS.items():
        noise[name] = rng.uniform(*deviations)
        moved = rng.uniform(*change) * learned + noise[name] * ar1(steps, correlation, rng)
        start = rng.uniform(*level)
        series[name] = clipped(name, start * np.exp(moved) if scale == "log" else start + moved)
    series["actor/kl_loss"] = series["actor/kl_loss"] * ((time + 1) / 300) ** rng.uniform(0.4, 1.0)
    noise[ACCURACY] = noise[SCORE] = rng.uniform(0.01, 0.03)
    noise[VALIDATION] = rng.uniform(0.005, 0.015)
    start, gain = rng.uniform(0.2, 0.4), rng.uniform(0.2, 0.5)
    together = noise[ACCURACY] * ar1(steps, correlation, rng)
    series[ACCURACY] = np.clip(start + gain * learned + together, 0, 1)
    style = 0.1 * series["still/reward/style"]
    series[SCORE] = series[ACCURACY] + style  # a small bonus beside accuracy
    validation = start + rng.uniform(-0.05, 0.05) + rng.uniform(0.6, 1.0) * gain * learned
    series[VALIDATION] = np.clip(validation + noise[VALIDATION] * rng.standard_normal(steps), 0, 1)
    return Run(series, noise, learned)


def saturated(run: Run, rng: Rng) -> None:
    """Nearly everything is right from early on: groups teach nothing, gradients and entropy fall, lengths move."""
    time = np.arange(run.steps)
    done = 1 / (1 + np.exp(-(time - rng.uniform(10, 60)) / rng.uniform(5, 15)))
    wave = 0.005 * rng.standard_normal(run.steps)
    start = rng.uniform(0.6, 0.9)
    for name in (ACCURACY, VALIDATION):
        run.series[name] = np.clip(start + (rng.uniform(0.96, 0.99) - start) * done + wave, 0, 1)
    run.series[SCORE] = run.series[ACCURACY] + 0.1 * run.series["still/reward/style"]
    run.series["still/groups/all_right"] = np.clip(0.3 + 0.6 * done + wave, 0, 1)
    run.series["still/groups/equal_reward"] = np.clip(0.4 + 0.55 * done + wave, 0, 1)
    run.series["actor/entropy"] *= np.exp(-rng.uniform(0.5, 3.5) * done)
    run.series["actor/grad_norm"] *= np.exp(-rng.uniform(0.5, 3.0) * done)
    run.series["still/length/mean"] *= np.exp(rng.uniform(-0.5, 0.5) * time / run.steps)


def curriculum(run: Run, rng: Rng) -> None:
    """Data becomes harder in stages: training accuracy falls at once and recovers, validation rises all the time."""
    for stage in rng.choice(np.arange(40, run.steps - 20), rng.integers(1, 4), replace=False):
        fall, time = rng.uniform(0.1, 0.3), np.maximum(np.arange(run.steps) - stage, 0)
        harder = np.where(np.arange(run.steps) >= stage, np.exp(-time / rng.uniform(40, 200)), 0)
        for name in (ACCURACY, SCORE):
            run.series[name] = np.clip(run.series[name] * (1 - fall * harder), 0, 1.1)
        run.series["still/length/mean"] *= np.exp(rng.uniform(0.05, 0.35) * (harder > 0))
        run.series["still/groups/all_wrong"] = np.clip(run.series["still/groups/all_wrong"] + fall / 2 * harder, 0, 1)
        cut = run.series["still/completion/finished"] - rng.uniform(0, 0.1) * harder
        run.series["still/completion/finished"] = np.clip(cut, 0, 1)


def staged_context(run: Run, rng: Rng) -> None:
    """The limit is raised once or twice: before, more and more are cut; then lengths jump, and accuracy follows."""
    time = np.arange(run.steps)
    for stage in rng.choice(np.arange(60, run.steps - 20), rng.integers(1, 3), replace=False):
        after = np.clip((time - stage) / rng.uniform(1, 15), 0, 1)
        run.series["still/length/mean"] *= 1 + rng.uniform(0.3, 0.9) * after
        near = np.exp(-np.maximum(stage - time, 0) / 30) * (time < stage)
        finished = run.series["still/completion/finished"] - rng.uniform(0.05, 0.3) * near
        run.series["still/completion/finished"] = np.clip(finished, 0, 1)
        paid = rng.uniform(0.02, 0.06) * np.clip((time - stage) / 60, 0, 1)
        for name in (ACCURACY, SCORE, VALIDATION):
            run.series[name] = run.series[name] + paid


def filtered_data(run: Run, rng: Rng) -> None:
    """From some step on only groups that teach are kept: what is trained on is half right, at once."""
    begin = rng.integers(20, run.steps - 40)
    after = np.arange(run.steps) >= begin
    kept = 0.5 + rng.uniform(-0.08, 0.08) + run.noise[SCORE] * rng.standard_normal(run.steps)
    run.series[SCORE] = np.where(after, kept, run.series[SCORE])
    if rng.random() < 0.5:  # some loggers count after the filter
        run.series[ACCURACY] = np.where(after, np.clip(kept, 0, 1), run.series[ACCURACY])
    for name in ("all_right", "all_wrong", "equal_reward"):
        key = f"still/groups/{name}"
        run.series[key] = np.where(after, 0.1 * run.series[key], run.series[key])
    run.series["actor/grad_norm"] *= np.where(after, rng.uniform(1.0, 1.8), 1)


def annealed_kl(run: Run, rng: Rng) -> None:
    """The coefficient of KL goes to 0, so that the policy leaves the reference as far as it likes."""
    time = np.arange(run.steps)
    free = np.clip((time - rng.uniform(0, 100)) / rng.uniform(60, 250), 0, 1)
    run.series["actor/kl_loss"] *= np.exp(rng.uniform(1.0, 3.5) * free)
    run.series["still/kl/coef"] = 0.001 * (1 - free)
    run.series["actor/entropy"] *= np.exp(rng.uniform(-0.3, 0.5) * free)


def restarts(run: Run, rng: Rng) -> None:
    """The optimizer, or the reference, begins anew: a dip for a few steps, large gradients, KL from 0."""
    time = np.arange(run.steps)
    for begin in rng.choice(np.arange(40, run.steps - 20), rng.integers(1, 4), replace=False):
        dip = np.where(time >= begin, np.exp(-(time - begin) / rng.uniform(2, 12)), 0)
        fall = rng.uniform(0.05, 0.35)
        for name in (ACCURACY, SCORE):
            run.series[name] = run.series[name] * (1 - fall * dip)
        run.series["actor/grad_norm"] *= np.exp(rng.uniform(0.5, 2.5) * dip)
        run.series["actor/entropy"] *= np.exp(rng.uniform(-0.2, 0.4) * dip)
        run.series["actor/pg_clipfrac"] *= np.exp(rng.uniform(0, 1.0) * dip)
        if rng.random() < 0.5:
            run.series["actor/kl_loss"] *= np.where(time >= begin, np.clip((time - begin) / 60, 0.02, 1), 1)


def learns(run: Run, rng: Rng) -> None:
    """Nothing happens but learning."""


def stock(run: Run, rng: Rng) -> None:
    """The log of plain verl, without our metrics; its clip ratio is the share as long as the longest."""
    run.series["response_length/mean"] = run.series["still/length/mean"]
    run.series["response_length/clip_ratio"] = rng.uniform(0.01, 0.4) * run.learned
    for name in [name for name in run.series if name.startswith("still/")]:
        del run.series[name]


HEALTHY: Mapping[str, Callable[[Run, Rng], None]] = {
    "learns": learns,
    "curriculum": curriculum,
    "saturated": saturated,
    "staged context": staged_context,
    "filtered data": filtered_data,
    "annealed KL": annealed_kl,
    "restarts": restarts,
    "plain verl": stock,
}
