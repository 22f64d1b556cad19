"""How many problems are put on the wrong side of the band, and how many samples that takes.

Run `python benchmarks/difficulty.py`; it takes some seconds.

Pass rates are drawn from Beta distributions, samples from the pass rates. Beside the rule of `data difficulty` stands
what is usual: a fixed number of samples, and the band compared with the share of right ones. A decision is wrong if
the true rate is on another side of an end of the band, however near to it. Undecided is no decision.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np

from still_verl.curation.difficulty.posterior import Band
from still_verl.curation.difficulty.sequential import ABOVE, BELOW, INSIDE, UNDECIDED, Decided, Rule, decide

PROBLEMS = 5000
BETAS = ((0.5, 0.5), (1, 1), (2, 2), (5, 5), (1, 4), (3, 1), (0.3, 1), (0.2, 0.2), (2, 8), (4, 16))
POINTS = (0.2, 0.22, 0.25, 0.3, 0.5, 0.1, 0.02)  # the same rate for all problems
Draw = Callable[[int], int]
Method = Callable[[Draw], Decided]


def side(rate: float, band: Band) -> str:
    """Return where a rate is; the ends belong to the band."""
    if rate < band.low:
        return BELOW
    return INSIDE if rate <= band.high else ABOVE


def fixed(samples: int, band: Band) -> Method:
    """Decide by the share of right ones of so many samples."""

    def method(draw: Draw) -> Decided:
        right = draw(samples)
        return Decided(side(right / samples, band), samples, right)

    return method


def sequential(rule: Rule) -> Method:
    """Decide as `data difficulty` does."""
    return lambda draw: decide(rule, draw)


def measure(method: Method, rates: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Return the share of wrong decisions in all problems, of undecided ones, and the mean number of samples."""
    random = np.random.default_rng(seed)
    band = Band()
    counts: Counter[str] = Counter()
    for rate in rates:
        found = method(lambda samples, rate=rate: int(random.binomial(samples, rate)))
        counts["samples"] += found.samples
        if found.decision == UNDECIDED:
            counts["undecided"] += 1
        elif found.decision != side(rate, band):
            counts["wrong"] += 1
    return tuple(counts[name] / len(rates) for name in ("wrong", "undecided", "samples"))


def row(name: str, rates: np.ndarray) -> str:
    """Return one line of the table."""
    band = Band()
    cells = [name]
    for method in (fixed(8, band), fixed(64, band)):
        cells.append(f"{100 * measure(method, rates, 1)[0]:.1f}")
    wrong, undecided, samples = measure(sequential(Rule()), rates, 2)
    decided = wrong / (1 - undecided) if undecided < 1 else 0.0
    cells += [f"{100 * wrong:.1f}", f"{100 * decided:.1f}", f"{100 * undecided:.1f}", f"{samples:.1f}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print both tables."""
    print("| pass rates | wrong, n = 8 | wrong, n = 64 | wrong | of the decided | undecided | samples |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    random = np.random.default_rng(0)
    for a, b in BETAS:
        print(row(f"Beta({a}, {b})", random.beta(a, b, PROBLEMS)))
    for point in POINTS:
        print(row(f"all {point}", np.full(PROBLEMS, point)))


if __name__ == "__main__":
    main()
