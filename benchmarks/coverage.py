"""How often intervals and p values of `still_verl.stats` are right: python benchmarks/coverage.py [BENCHMARKS] [A+B]

Simulates benchmarks of 30 problems (10,000 of each kind, or BENCHMARKS). The rate of each problem comes from a Beta
distribution, its k samples from that rate; the truth is the mean of the distribution. Two models (with A+B for a + b,
2 if it is not given) are told apart by the
paired test: with equal rates it must be silent, with a difference it must speak as often as the formula of its power
says, and models that differ by the margin must not be called equal. About 10 minutes on one core.
"""

import sys
from fractions import Fraction

import numpy as np
from scipy.stats import kurtosis, ttest_1samp

from still_verl.stats.interval import interval, mean, standard_error, t_quantile
from still_verl.stats.paired import MARGIN, compare_rates
from still_verl.stats.power import planned_error, power_of

PROBLEMS = 30
SILENT = 4  # times as many benchmarks for false alarms: of 10,000 a share of 4 % is uncertain by 0.4 points
KS = (1, 5, 16)
MEANS = (0.1, 0.3, 0.5, 0.7, 0.9)
SPREADS = (0.5, 2.0, 8.0)  # a + b of Beta(a, b): most problems are always or never solved; uniform; all alike
ALPHA = 0.05


def rates(right: np.ndarray, k: int) -> list[Fraction]:
    return [Fraction(count, k) for count in right.tolist()]


def beta_rates(random: np.random.Generator, center: float, spread: float, benchmarks: int) -> np.ndarray:
    return random.beta(spread * center, spread * (1 - center), (benchmarks, PROBLEMS))


def coverage(random: np.random.Generator, benchmarks: int) -> None:
    """Print how often the 95 % interval has the population's mean, and the plain t interval beside it."""
    print("Intervals: share that has the mean of the population, % (the plain t interval)")
    print(f"{'k':>3} {'a + b':>6} " + " ".join(f"mean {center:<9}" for center in MEANS))
    for k in KS:
        for spread in SPREADS:
            cells = []
            for center in MEANS:
                right = random.binomial(k, beta_rates(random, center, spread, benchmarks))
                ours, plain = _covered(right, k, center)
                cells.append(f"{ours:5.1f} ({plain:5.1f})")
            print(f"{k:>3} {spread:>6} " + "  ".join(cells), flush=True)


def _covered(right: np.ndarray, k: int, truth: float) -> tuple[float, float]:
    ours = plain = 0
    for row in right:
        values = rates(row, k)
        low, high = interval(values)
        ours += low <= truth <= high
        reach = t_quantile(PROBLEMS) * (standard_error(values) or 0.0)
        plain += abs(mean(values) - truth) <= reach
    return 100 * ours / len(right), 100 * plain / len(right)


def paired(random: np.random.Generator, spread: float, benchmarks: int) -> None:
    """Print false alarms, power beside its formula, and false claims of equality."""
    print("\nTwo models on the same problems, %: false alarms with equal rates (with ties counted wholly); found and")
    print("foretold, for a smaller and a larger difference; called equal within 5 points although 5 points apart")
    print("(Student: false alarms and what is found by his paired test)")
    print(f"{'k':>3} {'mean':>5} {'false alarms':>15} {'found (foretold)':>18} {'':>15} {'called equal':>13}  Student")
    for k in KS:
        for center in (0.1, 0.3, 0.6):
            alarms, wholly, _ = _verdicts(random, center, spread, k, 0.0, SILENT * benchmarks)
            cells = []
            for factor in (2.0, 2.9):
                effect = factor * planned_error(PROBLEMS, k, _within(center, spread))
                found, _, _ = _verdicts(random, center, spread, k, effect, benchmarks)
                cells.append(f"{found:5.1f} ({_foretold(center, spread, k, effect):5.1f})")
            _, _, equal = _verdicts(random, center, spread, k, MARGIN, benchmarks)
            silent = f"{alarms:.2f} ({wholly:.2f})"
            row = f"{k:>3} {center:>5} {silent:>15} {cells[0]:>18} {cells[1]:>15} {equal:>13.2f}"
            print(f"{row}  {_student(center, spread, k, benchmarks)}", flush=True)


def _student(center: float, spread: float, k: int, benchmarks: int) -> str:
    """Return false alarms and power of Student's paired test, which assumes a distribution, %."""
    random = np.random.default_rng(22)
    shares = []
    for factor in (0.0, 2.0, 2.9):
        effect = factor * planned_error(PROBLEMS, k, _within(center, spread))
        base = beta_rates(random, center, spread, SILENT * benchmarks)
        better = base + _gain(center, effect) * (1 - base)
        differences = (random.binomial(k, better) - random.binomial(k, base)) / k
        shares.append(100 * float((ttest_1samp(differences, 0, axis=1).pvalue <= ALPHA).mean()))
    return f"{shares[0]:.2f}, {shares[1]:.1f}, {shares[2]:.1f}"


def _within(center: float, spread: float) -> float:
    """The mean of p (1 - p)."""
    return center * (1 - center) * spread / (spread + 1)


def _gain(center: float, effect: float) -> float:
    """The second model solves this share of what the first does not: `effect` in the mean."""
    return effect / (1 - center)


def _foretold(center: float, spread: float, k: int, effect: float) -> float:
    """The power by the formula: the rates of the better model are p + g (1 - p)."""
    gain = _gain(center, effect)
    variance = center * (1 - center) / (spread + 1)
    theirs = center + effect - (variance * (1 - gain) ** 2 + (center + effect) ** 2)
    within = (_within(center, spread) + theirs) / 2
    error = planned_error(PROBLEMS, k, within, between=gain**2 * variance)
    return 100 * power_of(effect, error, PROBLEMS, kurtosis=_kurtosis(center, spread, k, gain))


def _kurtosis(center: float, spread: float, k: int, gain: float) -> float:
    """Return the excess kurtosis of the differences, of a million of them."""
    random = np.random.default_rng(23)
    base = random.beta(spread * center, spread * (1 - center), 1_000_000)
    better = base + gain * (1 - base)
    return float(kurtosis(random.binomial(k, better) - random.binomial(k, base)))


def _verdicts(
    random: np.random.Generator, center: float, spread: float, k: int, effect: float, benchmarks: int
) -> tuple[float, float, float]:
    """Count significant differences (ties by half, wholly) and claims of equality, %."""
    base = beta_rates(random, center, spread, benchmarks)
    better = base + _gain(center, effect) * (1 - base)
    first, second = random.binomial(k, better), random.binomial(k, base)
    significant = wholly = equal = 0
    for one, other in zip(first, second, strict=True):
        comparison = compare_rates(rates(one, k), rates(other, k))
        significant += comparison.p <= ALPHA
        wholly += comparison.p_conservative <= ALPHA
        equal += comparison.p_equal <= ALPHA
    return 100 * significant / benchmarks, 100 * wholly / benchmarks, 100 * equal / benchmarks


def main(benchmarks: int, spread: float) -> None:
    random = np.random.default_rng(21)
    coverage(random, benchmarks)
    paired(random, spread, benchmarks)


if __name__ == "__main__":
    given = [float(each) for each in sys.argv[1:]]
    main(int(given[0]) if given else 10_000, given[1] if len(given) > 1 else 2.0)
