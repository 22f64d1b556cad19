"""How many groups have a learning signal when problems are chosen, against uniform epochs, on simulated learners.

Run `python benchmarks/curriculum.py [SEEDS]`; it takes some minutes.

A problem has a logit, from which its pass rate follows. A group of 8 responses with right and wrong ones raises the
logit of its problem, and a little those of all. Each line is a way in which the first pass rates are spread. `best`
draws the problems whose true rate is nearest to a half: nobody can know them, so it bounds what a choice can reach.
"""

import sys
from collections.abc import Callable, Iterator

import numpy as np

from still_verl.dynamics.curriculum import Draw
from still_verl.dynamics.settings import CurriculumConfig

PROMPTS, RESPONSES, STEPS = 64, 8, 200
OWN, SHARED = 0.05, 0.02  # what a group with a signal adds to the logit of its problem, and a step full of them to all
Chance = np.random.Generator
Next = Callable[[int, np.ndarray], list[int]]  # (step, true rates) -> problems


def beta(a: float, b: float) -> Callable[[Chance, int], np.ndarray]:
    """Return a function that draws pass rates from Beta(a, b)."""
    return lambda chance, problems: chance.beta(a, b, problems)


def mostly_impossible(chance: Chance, problems: int) -> np.ndarray:
    """Draw 70 % that are out of reach, 20 % in between, 10 % solved."""
    kind = chance.random(problems)
    between = np.where(kind < 0.9, chance.beta(4, 4, problems), chance.beta(500, 1, problems))
    return np.where(kind < 0.7, chance.beta(1, 500, problems), between)


def hardly_any(chance: Chance, problems: int) -> np.ndarray:
    """Draw 95 % that are out of reach, and 5 % in between."""
    return np.where(chance.random(problems) < 0.95, chance.beta(1, 2000, problems), chance.beta(4, 4, problems))


SPREADS: dict[str, Callable[[Chance, int], np.ndarray]] = {
    "Beta(0.1, 1)": beta(0.1, 1),
    "Beta(0.3, 1)": beta(0.3, 1),
    "Beta(0.1, 0.1)": beta(0.1, 0.1),
    "Beta(0.2, 0.2)": beta(0.2, 0.2),
    "Beta(1, 0.3)": beta(1, 0.3),
    "Beta(1, 1)": beta(1, 1),
    "Beta(1, 8)": beta(1, 8),
    "70 % impossible": mostly_impossible,
    "95 % impossible": hardly_any,
}


def epochs(chance: Chance, problems: int) -> Next:
    """Draw as verl does: each epoch is all problems, in random order."""

    def endless() -> Iterator[int]:
        while True:
            yield from chance.permutation(problems)

    order = endless()
    return lambda step, rates: [int(next(order)) for _ in range(PROMPTS)]


def best(step: int, rates: np.ndarray) -> list[int]:
    """Draw those whose true rate is nearest to a half."""
    return [int(problem) for problem in np.argsort(np.abs(rates - 0.5))[:PROMPTS]]


def simulate(first: np.ndarray, chance: Chance, following: Next, draw: Draw | None) -> tuple[float, float]:
    """Return the share of groups with a signal over a run, and the mean pass rate of all problems at its end."""
    rates = np.clip(first, 1e-6, 1 - 1e-6)
    logits = np.log(rates / (1 - rates))
    shares = []
    for step in range(1, STEPS + 1):
        rates = 1 / (1 + np.exp(-logits))
        problems = following(step, rates)
        right = chance.binomial(RESPONSES, rates[problems])
        signal = (right > 0) & (right < RESPONSES)
        if draw is not None:
            for problem, count in zip(problems, right, strict=True):
                draw.observe(problem, count, RESPONSES, step)
            draw.learn(step)
        shares.append(signal.mean())
        logits[problems] += OWN * signal
        logits += SHARED * signal.mean()
    return float(np.mean(shares)), float((1 / (1 + np.exp(-logits))).mean())


def ways(chance: Chance, problems: int, seed: int) -> dict[str, tuple[Next, Draw | None]]:
    """Return all ways to draw, by name."""
    found: dict[str, tuple[Next, Draw | None]] = {"uniform": (epochs(chance, problems), None)}
    for name, choose in (("skip_solved", "shuffled"), ("thompson", "thompson")):
        draw = Draw(CurriculumConfig(choose=choose), problems, seed)
        found[name] = (lambda step, rates, draw=draw: draw.next(PROMPTS, step), draw)
    found["best"] = (best, None)
    return found


def main(seeds: int) -> None:
    """Print the table."""
    names = ("uniform", "skip_solved", "thompson", "best")
    print(
        "| pass rates | problems | " + " | ".join(names) + " | thompson / uniform | best / uniform | rate at the end |"
    )
    print("|---|---:|" + "---:|" * (len(names) + 3))
    for spread, draw_rates in SPREADS.items():
        for problems in (1000, 10_000):
            shares: dict[str, list[float]] = {name: [] for name in names}
            ends: dict[str, list[float]] = {name: [] for name in names}
            for seed in range(seeds):
                first = draw_rates(np.random.default_rng(seed), problems)
                for name, (following, draw) in ways(np.random.default_rng(seed), problems, seed).items():
                    share, end = simulate(first, np.random.default_rng(1000 + seed), following, draw)
                    shares[name].append(share)
                    ends[name].append(end)
            mean = {name: float(np.mean(values)) for name, values in shares.items()}
            ratios = np.array(shares["thompson"]) / np.array(shares["uniform"])
            cells = [f"{100 * mean[name]:.0f}" for name in names]
            cells += [f"{ratios.mean():.2f} ({ratios.min():.2f})", f"{mean['best'] / mean['uniform']:.2f}"]
            cells += [f"{100 * np.mean(ends['uniform']):.0f} / {100 * np.mean(ends['thompson']):.0f}"]
            print(f"| {spread} | {problems:,} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
