"""How many problems are put on the wrong side of the band, and how many samples that takes.

Run `python benchmarks/difficulty.py`; it takes some seconds.

Pass rates are spread as Beta distributions. For each rate the result is computed exactly, over all ways in which its
samples may come. Beside the rule of `data difficulty` stands what is usual: a fixed number of samples, and the band
compared with the share of right ones. A decision is wrong if the true rate is on another side of an end of the band,
however near to it; the ends belong to the band. Undecided is no decision.
"""

from collections import defaultdict

import numpy as np
from scipy.special import betaincinv
from scipy.stats import binom

from still_verl.curation.difficulty.posterior import Band
from still_verl.curation.difficulty.sequential import ABOVE, BELOW, DECISIONS, INSIDE, UNDECIDED, Rule

RATES = 4000  # quantiles that stand for a distribution
BETAS = ((0.5, 0.5), (1, 1), (2, 2), (5, 5), (1, 4), (3, 1), (0.3, 1), (0.2, 0.2), (2, 8), (4, 16))
POINTS = (0.2, 0.22, 0.25, 0.3, 0.5, 0.1, 0.02)  # the same rate for all problems
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


def sequential(rule: Rule, rates: np.ndarray) -> tuple[Chances, np.ndarray]:
    """Decide as `data difficulty` does; also return the mean number of samples for each rate."""
    found = {name: np.zeros_like(rates) for name in DECISIONS}
    drawn = np.zeros_like(rates)
    waiting = {0: np.ones_like(rates)}  # by the number of right samples
    for samples in range(rule.at_a_time, rule.most + 1, rule.at_a_time):
        after: dict[int, np.ndarray] = defaultdict(lambda: np.zeros_like(rates))
        for right, chance in waiting.items():
            drawn += rule.at_a_time * chance
            for more in range(rule.at_a_time + 1):
                after[right + more] += chance * binom.pmf(more, rule.at_a_time, rates)
        waiting = {}
        for right, chance in after.items():
            decision = rule.decide(right, samples)
            if decision == UNDECIDED and samples < rule.most:
                waiting[right] = chance
            else:
                found[decision] += chance
    return found, drawn


def wrong(found: Chances, rates: np.ndarray, band: Band) -> float:
    """Return the share of wrong decisions in all problems, in percent."""
    share = 1 - found[UNDECIDED]
    for index, rate in enumerate(rates):
        share[index] -= found[side(rate, band)][index]
    return 100 * float(share.mean())


def row(name: str, rates: np.ndarray) -> str:
    """Return one line of the table."""
    rule = Rule()
    cells = [name]
    for samples in (8, 64):
        cells.append(f"{wrong(fixed(samples, rates, rule.band), rates, rule.band):.1f}")
    found, drawn = sequential(rule, rates)
    undecided, of_all = 100 * float(found[UNDECIDED].mean()), wrong(found, rates, rule.band)
    cells += [f"{of_all:.1f}", f"{100 * of_all / (100 - undecided):.1f}", f"{undecided:.1f}", f"{drawn.mean():.1f}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    print("| pass rates | wrong, n = 8 | wrong, n = 64 | wrong | of the decided | undecided | samples |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    quantiles = (np.arange(RATES) + 0.5) / RATES
    for a, b in BETAS:
        print(row(f"Beta({a}, {b})", betaincinv(a, b, quantiles)))
    for point in POINTS:
        print(row(f"all {point}", np.full(1, point)))


if __name__ == "__main__":
    main()
