"""How often are the alarms wrong, and how much do they find? Simulated runs of 300 steps, healthy ones and failures.

    python benchmarks/alarms.py [--runs 200] [--seed 0]

A healthy run learns: accuracy rises along a logistic curve, and length, keywords, KL and entropy follow it. Each
failure is a healthy run until a random step between 60 and 150, where one signal turns. Every run has its own levels,
speed and noise: AR(1) with a correlation of 0 to 0.6 from step to step. The checks are those of a real run.
"""

import argparse
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from still_verl.monitor.alarms.detectors import Window
from still_verl.monitor.alarms.watch import BASELINE_STEPS, CHECK_EVERY, MIN_STEPS, WINDOW
from still_verl.monitor.registries import DETECTORS

STEPS = 300
Runs = dict[str, np.ndarray]  # of each signal, [runs, STEPS]


def ar1(shape: tuple[int, int], correlation: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return noise of unit variance, correlated from step to step."""
    shocks = rng.standard_normal(shape)
    noise = np.empty(shape)
    noise[:, 0] = shocks[:, 0]
    for step in range(1, shape[1]):
        noise[:, step] = correlation * noise[:, step - 1] + np.sqrt(1 - correlation**2) * shocks[:, step]
    return noise


def healthy(runs: int, rng: np.random.Generator) -> Runs:
    """Make runs that learn; `turn` is where a failure may begin."""

    def pick(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, (runs, 1))

    def noise(low: float, high: float) -> np.ndarray:
        return pick(low, high) * ar1((runs, STEPS), correlation, rng)

    correlation = rng.uniform(0, 0.6, runs)
    step = np.arange(STEPS)[None, :]
    learned = 1 / (1 + np.exp(-(step - pick(50, 200)) / pick(30, 80)))
    accuracy = pick(0.05, 0.4) + pick(0.2, 0.5) * learned
    return {
        "learned": learned,
        "turn": rng.integers(60, 151, (runs, 1)),
        "accuracy": np.clip(accuracy + noise(0.01, 0.04), 0, 1),
        "length": pick(300, 3000) * np.exp(pick(-0.2, 0.8) * learned + noise(0.02, 0.08)),
        "keywords": pick(2, 15) * np.exp(pick(0, 0.6) * learned + noise(0.05, 0.15)),
        "repetition": np.clip(pick(0, 0.05) + noise(0.003, 0.01), 0, 1),
        "entropy": pick(0.2, 1.0) * np.exp(-pick(0.2, 1.6) * learned + noise(0.03, 0.1)),
        "truncated": np.clip(pick(0, 0.15) + 0.05 * learned + noise(0.01, 0.03), 0, 1),
        "kl": pick(0.005, 0.1) * (step / STEPS) ** pick(0.5, 1.2) * np.exp(noise(0.05, 0.2)),
        "tool_calls": pick(0.5, 3) * np.exp(pick(-0.3, 0.3) * learned + noise(0.05, 0.15)),
    }


def since(runs: Runs) -> np.ndarray:
    """Return the steps since the turn, 0 before it."""
    return np.maximum(np.arange(STEPS)[None, :] - runs["turn"], 0)


def frozen_accuracy(runs: Runs, rng: np.random.Generator, fall: float = 0.0) -> np.ndarray:
    """Return accuracy that is what it was at the turn, or falls by up to `fall` in 100 steps; its noise stays."""
    at_turn = np.take_along_axis(runs["accuracy"], runs["turn"], axis=1)
    noise = 0.03 * rng.standard_normal(runs["accuracy"].shape)
    after = at_turn - rng.uniform(0, fall, runs["turn"].shape) * since(runs) / 100 + noise
    return np.clip(np.where(since(runs) > 0, after, runs["accuracy"]), 0, 1)


def spoil(kind: str, runs: Runs, rng: np.random.Generator) -> Runs:
    """Return the same runs with a failure planted at their turns."""
    t, size = since(runs), runs["turn"].shape

    def pick(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, size)

    changes: dict[str, Callable[[], Runs]] = {
        "reward_hacking_length": lambda: {
            "accuracy": frozen_accuracy(runs, rng, 0.2),
            "length": runs["length"] * np.exp(t / 100 * pick(0.5, 1.5)),
        },
        "reward_hacking_keywords": lambda: {
            "accuracy": frozen_accuracy(runs, rng, 0.2),
            "keywords": runs["keywords"] * np.exp(t / 100 * pick(0.8, 2.0)),
        },
        "reward_hacking_repetition": lambda: {
            "accuracy": frozen_accuracy(runs, rng, 0.2),
            "repetition": np.clip(runs["repetition"] + t / 100 * pick(0.1, 0.4), 0, 1),
        },
        "entropy_collapse": lambda: {"entropy": runs["entropy"] * np.exp(-t / pick(15, 45))},
        "truncation": lambda: {"truncated": np.clip(runs["truncated"] + t / 100 * pick(0.2, 0.6), 0, 1)},
        "plateau": lambda: {"accuracy": frozen_accuracy(runs, rng)},
        "kl_acceleration": lambda: {"kl": runs["kl"] * np.exp(t / pick(15, 40))},
        "tool_collapse": lambda: {"tool_calls": runs["tool_calls"] * np.exp(-t / pick(15, 40))},
    }
    return runs | changes[kind]()


def positive_checks(kind: str, runs: Runs) -> np.ndarray:
    """Return the result of each check of one detector, [runs, checks]."""
    detector = DETECTORS.find(kind)
    needs = detector.needs
    start = {name: np.median(runs[name][:, :BASELINE_STEPS], axis=1) for name in needs}
    checks = []
    for end in range(MIN_STEPS, STEPS + 1, CHECK_EVERY):
        window = Window({name: runs[name][:, max(end - WINDOW, 0) : end] for name in needs}, start)
        checks.append(detector.test(window))
    return np.stack(checks, axis=1)


def false_alarms(runs: int, rng: np.random.Generator) -> Table:
    """Count the healthy runs in which each alarm begins."""
    table = Table("alarm", "severity", "healthy runs with it", title=f"{runs} healthy runs", title_justify="left")
    made, critical = healthy(runs, rng), np.zeros(runs, dtype=bool)
    for name in DETECTORS:
        detector = DETECTORS.find(name)
        wrong = positive_checks(name, made).any(axis=1)
        if detector.severity == "critical":
            critical |= wrong
        table.add_row(name, detector.severity, f"{wrong.mean():.1%}")
    table.add_row("any critical", "", f"{critical.mean():.1%}")
    return table


def detections(runs: int, rng: np.random.Generator) -> Table:
    """Count the failures that are found, and after how many steps."""
    table = Table("failure", "found", "median delay, steps", title=f"{runs} of each failure", title_justify="left")
    steps = np.arange(MIN_STEPS, STEPS + 1, CHECK_EVERY)
    for name in DETECTORS:
        made = spoil(name, healthy(runs, rng), rng)
        after = positive_checks(name, made) & (steps[None, :] > made["turn"])
        found = after.any(axis=1)
        delay = steps[after.argmax(axis=1)] - made["turn"][:, 0]
        table.add_row(name, f"{found.mean():.1%}", f"{np.median(delay[found]):.0f}" if found.any() else "-")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    Console().print(false_alarms(args.runs, rng))
    Console().print(detections(args.runs, rng))


if __name__ == "__main__":
    main()
