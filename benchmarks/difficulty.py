"""How many problems are put on the wrong side of the band, and how many samples that takes.

Run `python benchmarks/difficulty.py [PROBLEMS]`, the number of problems of a set, 1,000 by default; it takes a minute.

Beside the rule of `data difficulty`, with the prior Beta(0.5, 0.5) and as it is by default, stands what is usual: a
fixed number of samples, and the band compared with the share of right ones. A decision is wrong if the true rate is on
another side of an end of the band, however near to it; the ends belong to the band. Undecided is no decision.
"""

import sys
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from scipy.special import betaincinv
from scipy.stats import binom

from still_verl.curation.difficulty.posterior import Band
from still_verl.curation.difficulty.sequential import ABOVE, BELOW, DECISIONS, INSIDE, UNDECIDED, Rule, fitted

RATES = 4000  # quantiles that stand for a distribution
BETAS = (
    (0.5, 0.5),
    (1, 1),
    (2, 2),
    (5, 5),
    (1, 4),
    (3, 1),
    (0.3, 1),
    (0.2, 0.2),
    (2, 8),
    (2, 6),
    (4, 16),
    (8, 32),
    (16, 4),
)
POINTS = (0.2, 0.22, 0.25, 0.3, 0.5, 0.1, 0.02)  # the same rate for all problems
DRAWN = 10_000  # problems of a line, in sets of as many as are asked for


def mixture(*parts: tuple[float, float, float]) -> Callable[[np.ndarray], np.ndarray]:
    """Return quantiles of a mixture: each part is its share and the parameters of its Beta distribution."""

    def quantiles(at: np.ndarray) -> np.ndarray:
        found = np.empty_like(at)
        start = 0.0
        for share, a, b in parts:
            inside = (at >= start) & (at <= start + share)
            found[inside] = betaincinv(a, b, np.clip((at[inside] - start) / share, 0, 1))
            start += share
        return found

    return quantiles


MIXTURES = {  # which no Beta distribution is like
    "70 % near 0, the rest Beta(4, 4)": mixture((0.7, 1, 200), (0.3, 4, 4)),
    "half near 0, half near 1": mixture((0.5, 1, 50), (0.5, 50, 1)),
    "half near 0.15, half near 0.6": mixture((0.5, 15, 85), (0.5, 60, 40)),
    "a third near 0, 0.25 and 0.9": mixture((1 / 3, 1, 50), (1 / 3, 25, 75), (1 / 3, 45, 5)),
    "a quarter near 0.05, 0.3, 0.75 and 0.95": mixture((0.25, 5, 95), (0.25, 30, 70), (0.25, 75, 25), (0.25, 95, 5)),
}
Chances = dict[str, np.ndarray]  # of each decision, for each rate


def side(rate: float, band: Band) -> str:
    """Return where a rate is."""
    if rate < band.low:
        return BELOW
    return INSIDE if rate <= band.high else ABOVE


def fixed(samples: int, rates: np.ndarray, band: Band) -> Chances:
    """Decide by the share of right ones of so many samples."""
    found = {name: np.zeros_like(rates) for name in DECISIONS}
    for right in range(samples + 1):
        found[side(right / samples, band)] += binom.pmf(right, samples, rates)
    return found


def sequential(rule: Rule, rates: np.ndarray, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw and decide as `data difficulty` does; return for each rate the decision and the number of samples."""
    right = np.zeros(len(rates), dtype=int)
    samples = np.zeros(len(rates), dtype=int)
    going_on = np.ones(len(rates), dtype=bool)
    now = rule
    while going_on.any():
        more = min(rule.at_a_time, rule.most - int(samples[going_on][0]))
        right[going_on] += chance.binomial(more, rates[going_on])
        samples[going_on] += more
        now = fitted(rule, zip(right.tolist(), samples.tolist(), strict=True))
        reached = int(samples[going_on][0])
        stops = np.array([now.stops(count, reached) for count in range(reached + 1)])
        going_on = going_on & ~stops[np.minimum(right, reached)]
    pairs = zip(right.tolist(), samples.tolist(), strict=True)
    return np.array([_decide(now, *pair) for pair in pairs]), samples


@lru_cache(maxsize=100_000)
def _decide(rule: Rule, right: int, samples: int) -> str:
    return rule.decide(right, samples)


def wrong(found: Chances, rates: np.ndarray, band: Band) -> float:
    """Return the share of wrong decisions in all problems, in percent."""
    share = 1 - found[UNDECIDED]
    for index, rate in enumerate(rates):
        share[index] -= found[side(rate, band)][index]
    return 100 * float(share.mean())


def row(name: str, quantiles: Callable[[np.ndarray], np.ndarray], problems: int) -> str:
    """Return one line of the table."""
    rule = Rule(fit_prior=True)
    rates = quantiles((np.arange(RATES) + 0.5) / RATES)
    cells = [name]
    for samples in (8, 64):
        cells.append(f"{wrong(fixed(samples, rates, rule.band), rates, rule.band):.1f}")
    for which in (Rule(min_chance=0), rule):
        faults = undecided = drawn = 0.0
        for repeat in range(DRAWN // problems):
            chance = np.random.default_rng(repeat)
            rates = quantiles(chance.random(problems))
            decisions, samples_drawn = sequential(which, rates, chance)
            true = np.array([side(rate, rule.band) for rate in rates])
            open_ = decisions == UNDECIDED
            undecided += open_.sum()
            faults += ((decisions != true) & ~open_).sum()
            drawn += samples_drawn.sum()
        all_ = problems * (DRAWN // problems)
        decided = max(all_ - undecided, 1)
        cells += [f"{100 * faults / decided:.1f}", f"{100 * undecided / all_:.1f}", f"{drawn / all_:.1f}"]
    return f"| {' | '.join(cells)} |"


def main(problems: int) -> None:
    """Print the table."""
    print(
        "| pass rates | wrong, n = 8 | wrong, n = 64 | fixed prior: wrong | undecided | samples | fitted: wrong |",
        end="",
    )
    print(" undecided | samples |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for a, b in BETAS:
        print(row(f"Beta({a}, {b})", partial(betaincinv, a, b), problems), flush=True)
    for name, mixture in MIXTURES.items():
        print(row(name, mixture, problems), flush=True)
    for point in POINTS:
        print(row(f"all {point}", partial(np.full_like, fill_value=point), problems), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
