"""How many hidden evaluation problems are found, and how many others are taken for one.

Run `PYTHONPATH=benchmarks python benchmarks/leaks.py EVAL...` with files of evaluations.

Plants 40 problems of at least 20 tokens in seven ways, with the right answer, and 200 problems of the same templates
with one other number, half of them with the old answer. Beside ours: "any 8 words in a row" and MinHash at 0.8.
"""

import random
import re
import sys
from collections.abc import Callable

from datasketch import MinHash
from planted import TRANSFORMS, other_number, respaced, wrapped

from still_verl.curation.evaluations import Problem, read_evaluations
from still_verl.curation.leaks.decide import look_for
from still_verl.curation.leaks.index import EvaluationIndex
from still_verl.curation.tokens import tokens_of
from still_verl.rewards.equivalence.verify import verify

SEEDS = 5
PLANTED, OTHERS = 40, 200
Finder = Callable[[str, str], str]  # a text and its answer -> what it is called


def words(text: str) -> list[str]:
    """Return what others compare."""
    return re.findall(r"\w+", text.lower())


def ours(problems: tuple[Problem, ...]) -> Finder:
    """Look for a problem as `data curate` does."""
    index = EvaluationIndex(problems)

    def find(text: str, answer: str) -> str:
        found = look_for(index, tokens_of(text), lambda other: bool(answer) and bool(verify(answer, other)))
        return found.outcome if found else ""

    return find


def any_hit(problems: tuple[Problem, ...], size: int = 8) -> Finder:
    """Call everything a leak that has some words in a row of any problem."""
    known = set()
    for _, _, text, _ in problems:
        said = words(text)
        known |= {tuple(said[start : start + size]) for start in range(len(said) - size + 1)}

    def find(text: str, _answer: str) -> str:
        said = words(text)
        runs = (tuple(said[start : start + size]) for start in range(len(said) - size + 1))
        return "leak" if any(run in known for run in runs) else ""

    return find


def minhash(problems: tuple[Problem, ...], threshold: float = 0.8) -> Finder:
    """Call everything a leak whose words are like those of a problem as a whole."""

    def made(text: str) -> MinHash:
        said = words(text)
        found = MinHash(128, scheme="affine32")
        found.update_batch([" ".join(said[start : start + 3]).encode() for start in range(max(1, len(said) - 2))])
        return found

    known = [made(text) for _, _, text, _ in problems]

    def find(text: str, _answer: str) -> str:
        asked = made(text)
        return "leak" if any(asked.jaccard(each) >= threshold for each in known) else ""

    return find


def main(files: list[str]) -> None:
    """Print a table."""
    problems = read_evaluations(tuple(files)).problems
    long = [problem for problem in problems if len(tokens_of(problem[2]).all) >= 20]
    finders = {"ours": ours(problems), "any 8 words": any_hit(problems), "MinHash 0.8": minhash(problems)}
    cases: dict[str, list[tuple[str, str]]] = {name: [] for name in TRANSFORMS}
    others: list[tuple[str, str]] = []
    for seed in range(SEEDS):
        pick = random.Random(seed)
        for _, _, text, answer in pick.sample(long, PLANTED):
            for name, transform in TRANSFORMS.items():
                cases[name].append((transform(text, pick), answer))
        for number, (_, _, text, answer) in enumerate(pick.sample(problems, min(OTHERS, len(problems)))):
            changed = other_number(text, pick)
            if changed:
                style = pick.choice([respaced, wrapped, lambda same, _pick: same])
                others.append((style(changed, pick), answer if number % 2 else "98765"))
    cases["other number"] = others
    print(f"{len(problems)} problems; leak (and suspect), in % of the planted")
    for name, rows in cases.items():
        line = f"{name:14} {len(rows):5}"
        for title, find in finders.items():
            sample = rows if title != "MinHash 0.8" else rows[:PLANTED]  # it compares all with all
            called = [find(text, answer) for text, answer in sample]
            leaks = 100 * called.count("leak") / len(called)
            suspects = 100 * called.count("suspect") / len(called)
            line += f"   {title} {leaks:5.1f}" + (f" (+{suspects:.1f})" if title == "ours" else "")
        print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
