"""The last two digits of a power: more than a tiny model can compute, and easy for one that writes a program.

    37^45%100=?

The model that all begins with adds small numbers (`traces`). It has never seen a program, nor a power.
"""

import itertools
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from still_verl.demo.files import TRAIN_FILE, VAL_FILE
from still_verl.demo.tasks import is_validation, row, write_rows

SOURCE = "demo/powers"
PROBLEMS_FILE, MORE_PROBLEMS_FILE = "problems.parquet", "more_problems.parquet"
ASKED = re.compile(r"(\d+)\^(\d+)%100=\?")  # the prompt of a problem


def question(base: int, exponent: int) -> str:
    """Return the prompt of one problem."""
    return f"{base}^{exponent}%100=?"


def answer(base: int, exponent: int) -> int:
    """Return the last two digits of a power."""
    return pow(base, exponent, 100)


def distinct(count: int, validation: bool, rng: random.Random) -> Iterator[tuple[int, int]]:
    """Yield different problems. Which are for validation depends on the problem alone, so that no seed mixes them.

    All numbers have two digits, the answers too: a model this small learns to copy only what stands at a fixed place.
    """
    seen: set[tuple[int, int]] = set()
    while len(seen) < count:
        problem = rng.randrange(12, 100), rng.randrange(11, 100)
        if answer(*problem) < 10 or problem in seen or is_validation(question(*problem)) != validation:
            continue
        seen.add(problem)
        yield problem


def write_powers(directory: Path, train: int, val: int, taught: int, more: int, seed: int = 0) -> list[Path]:
    """Write problems for RL (`train`), for validation, for the teacher (`taught`) and for the model itself (`more`).

    No problem is in two of the four files, which are returned: `train`, `taught`, `more`, validation.
    """
    rng = random.Random(seed)
    pool = distinct(train + taught + more, False, rng)
    splits = (
        (TRAIN_FILE, "train", list(itertools.islice(pool, train))),
        (PROBLEMS_FILE, "train", list(itertools.islice(pool, taught))),
        (MORE_PROBLEMS_FILE, "train", list(itertools.islice(pool, more))),
        (VAL_FILE, "val", list(distinct(val, True, rng))),
    )
    return [write_rows(directory / file, _rows(problems, split)) for file, split, problems in splits]


def _rows(problems: Iterable[tuple[int, int]], split: str) -> list[dict[str, Any]]:
    rows = []
    for index, problem in enumerate(problems):
        asked = question(*problem)
        rows.append(row(SOURCE, [{"role": "user", "content": asked}], asked, str(answer(*problem)), split, index))
    return rows
