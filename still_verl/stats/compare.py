"""Compares two models, benchmark by benchmark, from the rows of both."""

from collections.abc import Hashable, Iterable
from dataclasses import replace

from still_verl.stats.holm import holm
from still_verl.stats.paired import MARGIN, Comparison, compare_rates
from still_verl.stats.problems import Problems, count


def compare(
    first: Iterable[tuple[str, Hashable, bool | None, Hashable]],
    second: Iterable[tuple[str, Hashable, bool | None, Hashable]],
    margin: float = MARGIN,
    seed: int = 0,
) -> dict[str, Comparison]:
    """Compare the first model with the second on each benchmark of both; p values are corrected for their number.

    Args:
        first: rows as `problems.Row` has them.
        second: those of the other model, with the same names of benchmarks and problems.
        margin: below which the models are called equal, as a share.
        seed: of random signs, where a test cannot be exact.

    Raises:
        ValueError: no problem is in both; a row or the margin is wrong.
    """
    ours, theirs = count(first), count(second)
    found: dict[str, Comparison] = {}
    for benchmark, problems in ours.items():
        others = theirs.get(benchmark, {})
        shared = _measured(problems).keys() & _measured(others).keys()
        if shared:
            found[benchmark] = _compare_benchmark(problems, others, shared, margin, seed)
    if not found:
        raise ValueError(f"no problem is in both: the first has {_names(ours)}, the second {_names(theirs)}")
    corrected = holm([comparison.p for comparison in found.values()])
    for (benchmark, comparison), p in zip(list(found.items()), corrected, strict=True):
        found[benchmark] = replace(comparison, p_holm=p)
    return found


def _compare_benchmark(ours: Problems, theirs: Problems, shared: set[Hashable], margin: float, seed: int) -> Comparison:
    names = [name for name in ours if name in shared]
    first = [ours[name].rate for name in names]
    second = [theirs[name].rate for name in names]
    unpaired = [str(name) for name in [*ours, *theirs] if name not in shared]
    comparison = compare_rates(first, second, margin, seed)
    return replace(comparison, unpaired=tuple(dict.fromkeys(unpaired)))


def _measured(problems: Problems) -> Problems:
    return {name: problem for name, problem in problems.items() if problem.samples}


def _names(benchmarks: dict[str, Problems]) -> str:
    return ", ".join(benchmarks) or "no benchmark"
