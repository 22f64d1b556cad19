"""Problems that teach a model nothing: it solves nearly none of them, or nearly all."""

import random
from collections.abc import Callable
from pathlib import Path

from still_verl.demo.tasks import draw_problem, question, row, write_rows

PROBLEMS = 400
ORDINARY = {"too_hard": 0.25, "too_easy": 0.1}  # share of other problems: some teach, or the reward would be constant


def too_hard(folder: Path) -> Path:
    """Write sums of two numbers of twelve digits; the model knows those of three."""
    return _write(folder, "too_hard", lambda rng: (rng.randrange(10**11, 10**12), rng.randrange(10**11, 10**12)))


def too_easy(folder: Path) -> Path:
    """Write one sum, again and again."""
    return _write(folder, "too_easy", lambda rng: (12, 34))


def _write(folder: Path, name: str, draw: Callable[[random.Random], tuple[int, int]]) -> Path:
    rng, rows = random.Random(0), []
    for index in range(PROBLEMS):
        a, b = draw_problem(rng) if rng.random() < ORDINARY[name] else draw(rng)
        prompt = question(a, b)
        rows.append(row("demo/addition", [{"role": "user", "content": prompt}], prompt, str(a + b), "train", index))
    return write_rows(folder / f"{name}.parquet", rows)
