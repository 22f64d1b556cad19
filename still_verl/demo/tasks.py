"""Additions of two numbers of two or three digits, as parquet files in verl's schema."""

import random
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from still_verl.demo.files import TRAIN_FILE, VAL_FILE

_HELD_OUT_SHARE = 10  # one problem in ten is never trained on


def question(a: int, b: int) -> str:
    """Return the prompt of one addition."""
    return f"{a}+{b}=?"


def held_out(a: int, b: int) -> bool:
    """Say whether `a + b` belongs to validation.

    This is a property of the problem and not of a seed, so pre-training, training and validation are disjoint however
    they are drawn; `b + a` is the same problem.
    """
    return is_validation(f"{min(a, b)}+{max(a, b)}")


def is_validation(key: str) -> bool:
    """Say whether a problem belongs to validation; `key` is what makes it the same problem as another."""
    return zlib.crc32(key.encode()) % _HELD_OUT_SHARE == 0


def draw_problem(rng: random.Random, validation: bool = False) -> tuple[int, int]:
    """Draw two numbers from 10 to 999; each has two or three digits with equal chance."""
    while True:
        a, b = draw_number(rng), draw_number(rng)
        if held_out(a, b) == validation:
            return a, b


def draw_number(rng: random.Random) -> int:
    """Draw a number of two or of three digits, with equal chance."""
    if rng.random() < 0.5:
        return rng.randrange(10, 100)
    return rng.randrange(100, 1000)


def write_addition(directory: Path, train: int, val: int = 128, seed: int = 0) -> tuple[Path, Path]:
    """Write `train` and `val` different problems and return the two files."""
    splits = (("train", train, TRAIN_FILE), ("val", val, VAL_FILE))
    written = []
    for split, count, file in splits:
        rows = []
        for index, (a, b) in enumerate(_distinct(count, split == "val", seed)):
            prompt = question(a, b)
            rows.append(row("demo/addition", [{"role": "user", "content": prompt}], prompt, str(a + b), split, index))
        written.append(write_rows(directory / file, rows))
    return written[0], written[1]


def _distinct(count: int, validation: bool, seed: int) -> Iterator[tuple[int, int]]:
    rng = random.Random(seed)
    seen: set[tuple[int, int]] = set()
    while len(seen) < count:
        problem = draw_problem(rng, validation)
        if problem not in seen:
            seen.add(problem)
            yield problem


def row(source: str, prompt: list[dict[str, str]], asked: str, truth: str, split: str, index: int) -> dict[str, Any]:
    """Return one row of verl's schema; `asked` is the bare problem, without worked examples."""
    return {
        "data_source": source,
        "prompt": prompt,
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": truth},
        "extra_info": {"index": index, "split": split, "question": asked},
    }


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows to a parquet file, whose directory is made when absent."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path
