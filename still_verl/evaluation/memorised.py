"""A probe for contamination: does a model know how a problem goes on?

A model gets the beginning of a problem as plain text, without a chat template, and continues it greedily. One that was
never trained on the problem will hardly write the rest of it to the letter. Source: "Reasoning or Memorization?"
(arXiv 2507.10532), which asks with the first 40, 60 and 80 % of each problem.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from still_verl.evaluation.problems import Benchmark, Problem
from still_verl.evaluation.protocols import Sampling
from still_verl.evaluation.rows import Row
from still_verl.evaluation.run import Asked

SHARES = (40, 60, 80)  # percent of a problem that the model gets
MAX_TOKENS = 1024
WARN_ABOVE = 0.1  # of the problems that are completed to the letter

Figures = dict[str, dict[str, float | int | None]]


@dataclass(frozen=True)
class Probe:
    """What is asked, and what a model that knows the problems would write.

    Attributes:
        asked: a benchmark for each share of each benchmark.
        origin: by the name of such a benchmark, the original one and the share.
        rest: by such a benchmark and problem, how the problem goes on.
    """

    asked: Sequence[Asked]
    origin: Mapping[str, tuple[str, int]]
    rest: Mapping[tuple[str, str], str]


def make_probe(benchmarks: Iterable[Benchmark], max_tokens: int = MAX_TOKENS) -> Probe:
    """Return what to ask about some benchmarks; a problem without two words has no beginning and is left out."""
    asked: list[Asked] = []
    origin: dict[str, tuple[str, int]] = {}
    rest: dict[tuple[str, str], str] = {}
    sampling = Sampling(k=1, temperature=0.0, top_p=1.0, max_tokens=max_tokens)
    for benchmark in benchmarks:
        for share in SHARES:
            name = f"{benchmark.name} from its first {share} %"
            begun: list[Problem] = []
            for problem in benchmark.problems:
                beginning, end = split(problem.text, share)
                if beginning and end:
                    begun.append(replace(problem, text=beginning, messages=()))
                    rest[name, problem.id] = end
            origin[name] = benchmark.name, share
            asked.append(Asked(Benchmark(name, tuple(begun)), sampling))
    return Probe(asked, origin, rest)


def split(text: str, share: int) -> tuple[str, str]:
    """Return the first `share` percent of a text, up to the end of a word, and the rest.

    Example:
        >>> split("What is one and one?", 40)
        ('What is', 'one and one?')
    """
    end = len(text) * share // 100
    space = max(text.rfind(" ", 0, end + 1), text.rfind("\n", 0, end + 1))
    if space < 0:
        return "", text
    return text[:space].rstrip(), text[space:].strip()


def is_completed(response: str, rest: str) -> bool:
    """Say whether a response begins with the rest of the problem to the letter; white space does not count.

    Example:
        >>> is_completed("one and  one? It is two.", "one and one?"), is_completed("one or one?", "one and one?")
        (True, False)
    """
    written, wanted = "".join(response.split()), "".join(rest.split())
    return bool(wanted) and written.startswith(wanted)


def figures(probe: Probe, rows: Iterable[Row]) -> dict[str, Figures]:
    """Return by benchmark and share how many problems were asked, and the shares completed and answered.

    Args:
        probe: what was asked.
        rows: the samples, scored and with their responses.
    """
    counts: dict[str, dict[str, list[int]]] = {}
    for name, share in probe.origin.values():
        counts.setdefault(name, {})[str(share)] = [0, 0, 0]
    for row in rows:
        if row.fault or row.response is None:
            continue
        name, share = probe.origin[row.benchmark]
        count = counts[name][str(share)]
        count[0] += 1
        count[1] += is_completed(row.response, probe.rest[row.benchmark, row.problem])
        count[2] += bool(row.correct)
    found: dict[str, Figures] = {}
    for name, by_share in counts.items():
        found[name] = {share: _shares(*count) for share, count in by_share.items()}
    return found


def _shares(problems: int, completed: int, answered: int) -> dict[str, float | int | None]:
    if not problems:
        return {"problems": 0, "completed": None, "answered": None}
    return {"problems": problems, "completed": completed / problems, "answered": answered / problems}


def warnings(found: Mapping[str, Figures]) -> list[str]:
    """Return a line for each benchmark of which a model completes too many problems to the letter."""
    lines = []
    for name, by_share in found.items():
        worst = max(by_share, key=lambda share: by_share[share]["completed"] or 0.0)
        completed = by_share[worst]["completed"] or 0.0
        if completed > WARN_ABOVE:
            lines.append(
                f"warning: the model completes {100 * completed:.1f} % of {name} to the letter from the first "
                f"{worst} % of each problem: it has seen them, and its accuracy there says little"
            )
    return lines
