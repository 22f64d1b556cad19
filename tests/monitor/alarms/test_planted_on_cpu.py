"""Failures that people have met, planted at step 150 of a healthy run of 300 steps: each is called by its name."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from still_verl.monitor.alarms import scan

STEPS, TURN = 300, 150
Series = Callable[[int], float]
VALIDATION, SCORE, ACCURACY = "val-core/math500/acc/mean@1", "critic/score/mean", "still/accuracy"


def learned(step: int) -> float:
    return 1 / (1 + math.exp(-(step - 80) / 30))


# Level, and the deviation of its noise; of shares as a difference, of others as a part.
SHARES: dict[str, tuple[Series, float]] = {
    ACCURACY: (lambda t: 0.25 + 0.35 * learned(t), 0.015),
    "still/completion/finished": (lambda t: 0.97, 0.008),
    "still/completion/answered": (lambda t: 0.7 + 0.2 * learned(t), 0.01),
    "still/repetition": (lambda t: 0.01, 0.003),
    "still/distinct_2": (lambda t: 0.8, 0.01),
    "still/tool/success": (lambda t: 0.85, 0.015),
    "still/groups/distinct": (lambda t: 0.97, 0.006),
}
OTHERS: dict[str, tuple[Series, float]] = {
    "still/length/mean": (lambda t: 1000 * (1 + 0.2 * learned(t)), 0.03),
    "still/keywords/reflection/per_1k_words": (lambda t: 5.0, 0.08),
    "still/tool/calls": (lambda t: 1.5, 0.06),
    "actor/entropy": (lambda t: 0.25 + 0.2 * (1 - learned(t)), 0.05),
    "actor/kl_loss": (lambda t: 0.05 * (t + 10) / 150, 0.08),
    "actor/grad_norm": (lambda t: 0.3, 0.1),
    "actor/pg_loss": (lambda t: 0.01, 0.3),
    "actor/pg_clipfrac": (lambda t: 0.005, 0.1),
    "training/rollout_probs_diff_mean": (lambda t: 0.004, 0.08),
}


def run(planted: Mapping[str, Series], seed: int, stock: bool = False) -> list[dict[str, float]]:
    """Make a run; what is planted replaces a series from the turn on."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, float]] = []
    for step in range(1, STEPS + 1):
        row: dict[str, float] = {"step": step}
        for name, (level, noise) in (SHARES | OTHERS).items():
            value = planted[name](step) if name in planted and step >= TURN else level(step)
            shock = noise * float(rng.standard_normal())
            row[name] = min(max(value + shock, 0.0), 1.0) if name in SHARES else value * math.exp(shock)
        row[SCORE] = row[ACCURACY]
        if SCORE in planted and step >= TURN:
            row[SCORE] = planted[SCORE](step) + 0.015 * float(rng.standard_normal())
        if step % 10 == 0:
            level = 0.2 + 0.25 * learned(step)
            if VALIDATION in planted and step >= TURN:
                level = planted[VALIDATION](step)
            row[VALIDATION] = level + 0.01 * float(rng.standard_normal())
        if stock:
            row["response_length/mean"] = row["still/length/mean"]
            row = {name: value for name, value in row.items() if not name.startswith("still/")}
        rows.append(row)
    return rows


def to(level: float, steps: int = 3, before: float = 0.0) -> Series:
    """Go to a level in some steps, from the one before, and stay."""
    return lambda t: before + (level - before) * min((t - TURN + 1) / steps, 1)


def flat(level: float) -> Series:
    return lambda t: level


FLAT = {ACCURACY: flat(0.6), VALIDATION: flat(0.45)}
NAN = dict.fromkeys(("actor/pg_loss", "actor/grad_norm", "actor/kl_loss"), flat(math.nan))

# What is planted, the alarm, and the steps from the turn after which it must have rung.
PLANTED: dict[str, tuple[dict[str, Series], str, int]] = {
    "accuracy 0.6 to 0.02": ({ACCURACY: to(0.02, before=0.6)}, "accuracy_drop", 15),
    "repetition 0.01 to 0.6": ({"still/repetition": to(0.6)}, "reward_hacking_repetition", 15),
    "truncation 3 to 80 %": ({"still/completion/finished": to(0.2, before=0.97)}, "truncation", 15),
    "KL 0.05 to 8": ({"actor/kl_loss": to(8, before=0.05)}, "kl_explosion", 15),
    "tool calls 1.5 to 0": ({"still/tool/calls": to(0, before=1.5)}, "tool_collapse", 15),
    "length 1,000 to 15": ({"still/length/mean": to(15, before=1200)}, "length_collapse", 15),
    "NaN": (NAN, "not_finite", 1),
    "spikes x100": ({"actor/grad_norm": lambda t: 30 if t % 9 == 0 else 0.3}, "gradient_spikes", 20),
    "clip fraction 0.4": ({"actor/pg_clipfrac": to(0.4)}, "clip_fraction", 15),
    "mismatch 0.004 to 0.2": ({"training/rollout_probs_diff_mean": to(0.2)}, "rollout_mismatch", 15),
    "entropy 0.25 to 4": ({"actor/entropy": to(4, before=0.25)}, "entropy_explosion", 15),
    "training up, validation flat": (
        {ACCURACY: to(0.95, steps=20, before=0.6), VALIDATION: flat(0.4)},
        "train_validation_gap",
        60,
    ),
    "length +60 %": (
        FLAT | {"still/length/mean": lambda t: 1200 * (1 + 0.6 * (t - TURN) / 150)},
        "reward_hacking_length",
        150,
    ),
    "keywords x3": (
        FLAT | {"still/keywords/reflection/per_1k_words": lambda t: 5 * (1 + 2 * (t - TURN) / 150)},
        "reward_hacking_keywords",
        150,
    ),
    "score 0.2 to 0.8 with flat accuracy": (
        {ACCURACY: flat(0.55), SCORE: to(1.2, steps=100, before=0.6), VALIDATION: flat(0.4)},
        "reward_hacking_score",
        110,
    ),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", PLANTED)
def test_what_was_planted_is_called_by_its_name(name: str, seed: int) -> None:
    planted, alarm, within = PLANTED[name]
    found = [each for each in scan(run(planted, seed)) if each.name == alarm and each.step >= TURN]
    assert found and found[0].step <= TURN + within, found


@pytest.mark.parametrize("seed", range(5))
def test_a_stock_log_whose_responses_grow_28_times_with_a_flat_score(seed: int) -> None:
    planted = {"still/length/mean": to(28_000, steps=100, before=1000), ACCURACY: flat(0.6), VALIDATION: flat(0.45)}
    names = {alarm.name for alarm in scan(run(planted, seed, stock=True))}
    assert "reward_hacking_length" in names


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("stock", [False, True])
def test_without_a_failure_nothing_is_more_than_a_hint(seed: int, stock: bool) -> None:
    rows = run({}, seed, stock)
    for row in rows:
        row["response_length/clip_ratio"] = 0.3 * learned(int(row["step"]))  # verl's: as long as the longest
    assert [alarm for alarm in scan(rows) if alarm.severity != "info"] == []
