"""Problems that teach a model nothing: it solves nearly none of them, or nearly all."""

import random
from collections.abc import Callable
from pathlib import Path

from still_verl.demo.tasks import draw_problem, question, row, write_rows

PROBLEMS = 400
ORDINARY = {"too_hard": 0.25, "too_easy": 0.1}  # share of other problems: some teach, or the reward would be constant
DIGITS = 12  # of a number that is too hard; the model knows those of three


def too_hard(folder: Path) -> Path:
    """Write sums of two numbers of twelve digits; returns the file."""
    return _write(folder, "too_hard", _large)


def too_easy(folder: Path) -> Path:
    """Write one sum, again and again; returns the file."""
    return _write(folder, "too_easy", _always_the_same)


def _large(rng: random.Random) -> tuple[int, int]:
    least, most = 10 ** (DIGITS - 1), 10**DIGITS
    return rng.randrange(least, most), rng.randrange(least, most)


def _always_the_same(rng: random.Random) -> tuple[int, int]:
    return 12, 34


def _write(folder: Path, name: str, draw: Callable[[random.Random], tuple[int, int]]) -> Path:
    rng, rows = random.Random(0), []
    for index in range(PROBLEMS):
        if rng.random() < ORDINARY[name]:
            a, b = draw_problem(rng)
        else:
            a, b = draw(rng)
        prompt = question(a, b)
        rows.append(row("demo/addition", [{"role": "user", "content": prompt}], prompt, str(a + b), "train", index))
    return write_rows(folder / f"{name}.parquet", rows)
