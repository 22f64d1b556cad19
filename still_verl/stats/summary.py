"""The figures of each benchmark, as `still-verl eval --json` prints them."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from still_verl.stats.interval import interval, mean, standard_error
from still_verl.stats.majority import LARGEST, majority_at
from still_verl.stats.passes import pass_all, pass_at, sizes
from still_verl.stats.problems import Problem, Problems, count

Figure = Callable[[Problem, int], float | None]


def summarise(
    rows: Iterable[tuple[str, Hashable, bool | None, Hashable]], asked: Mapping[str, int] | None = None
) -> dict[str, dict[str, Any]]:
    """Compute the figures of each benchmark.

    Args:
        rows: samples as `problems.Row` has them.
        asked: by benchmark, how many samples of each problem were asked for; where it says nothing, as many as the
            problem with the most samples has.

    Returns:
        By benchmark:
        `problems`: how many have a sample that was judged; `samples`: of all of them.
        `k`: samples of each problem that were asked for.
        `avg`, `stderr`, `interval`: the mean of the problems' rates, its error and its 95 % interval, as shares.
            `stderr` is None for one problem, all three for none.
        `pass`, `pass_all`, `maj`: by k, as text, pass@k, pass^k and maj@k; the mean over problems that have k samples,
            None where none has. `maj` is None for every k where no sample has an answer.
        `incomplete`: by name of the problem, how many samples were judged, where it is less than `k`. They are left out
            of the figures for a larger k; they are in `avg` with the samples that they have.

    Raises:
        ValueError: `correct` of a row is neither true, false nor null.
    """
    found = {}
    for benchmark, problems in count(rows).items():
        most = max(problem.samples for problem in problems.values())
        found[benchmark] = _summarise_benchmark(problems, (asked or {}).get(benchmark, most))
    return found


def _summarise_benchmark(problems: Problems, k: int) -> dict[str, Any]:
    measured = [problem for problem in problems.values() if problem.samples]
    figures: dict[str, Any] = {
        "problems": len(measured),
        "samples": sum(problem.samples for problem in measured),
        "k": k,
    }
    figures |= _mean(measured)
    figures["pass"] = _by_size(measured, k, lambda problem, size: pass_at(problem.samples, problem.right, size))
    figures["pass_all"] = _by_size(measured, k, lambda problem, size: pass_all(problem.samples, problem.right, size))
    voting = measured
    if not any(problem.votes for problem in measured):
        voting = []  # the answers are not known, which does not mean that there were none
    figures["maj"] = _by_size(voting, k, _majority)
    figures["incomplete"] = {str(name): problem.samples for name, problem in problems.items() if problem.samples < k}
    return figures


def _mean(problems: list[Problem]) -> dict[str, Any]:
    if not problems:
        return {"avg": None, "stderr": None, "interval": None}
    rates = [problem.rate for problem in problems]
    return {"avg": mean(rates), "stderr": standard_error(rates), "interval": list(interval(rates))}


def _by_size(problems: list[Problem], k: int, figure: Figure) -> dict[str, float | None]:
    """Compute the mean of a figure over the problems where it is defined, for each size that is reported."""
    found: dict[str, float | None] = {}
    for size in sizes(k):
        values = []
        for problem in problems:
            value = figure(problem, size)
            if value is not None:
                values.append(value)
        found[str(size)] = sum(values) / len(values) if values else None
    return found


def _majority(problem: Problem, k: int) -> float | None:
    if problem.samples > LARGEST:
        return None
    return majority_at(problem, k)
