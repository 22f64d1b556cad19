"""Problems made for the tests of curation, and a curation of a few rows."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from still_verl.curation.curate import Result, curate
from still_verl.curation.settings import CurateSettings

# Each with its answer; none is from a benchmark.
PROBLEMS = [
    (
        "A gardener plants $14$ rows of tulips with $23$ tulips in each row. A storm destroys $57$ of the tulips. "
        "How many tulips are still standing after the storm?",
        "265",
    ),
    (
        r"Let $g(x) = \frac{3x + 11}{x - 4}$ for all real numbers $x \neq 4$. Find the positive value of $x$ such that "
        r"$g(x) = 26$, and express the product of this value and $g(5)$ as a fraction in lowest terms.",
        r"\frac{2990}{23}",
    ),
    (
        r"In triangle $PQR$, the angle at $Q$ is $90^\circ$, $PQ = 20$ and $QR = 21$. Point $S$ lies on side $PR$ such "
        r"that $QS$ is the altitude. Determine the length of $QS$ as a common fraction.",
        r"\frac{420}{29}",
    ),
    (
        "Two machines fill bottles. The first machine fills 45 bottles every 6 minutes. The second one fills 70 "
        "bottles "
        "every 8 minutes. How many bottles do the two machines fill together in 2 hours?",
        "1950",
    ),
    (
        r"How many positive integers $n \leq 720$ are divisible by exactly two of the numbers $8$, $9$ and $10$?",
        "22",
    ),
    (
        r"The sequence $a_1, a_2, \dots$ satisfies $a_1 = 7$ and $a_{k+1} = 3a_k - 5$ for all $k \ge 1$. Compute the "
        r"smallest value of $k$ such that $a_k > 2025$.",
        "7",
    ),
]


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(folder: Path, rows: Iterable[Mapping[str, Any]], **settings: Any) -> Result:
    """Curate some rows into `folder / "out"`."""
    source = write_rows(folder / "rows.jsonl", rows)
    return curate(CurateSettings(inputs=(str(source),), output=folder / "out", **settings))


def kept(output: Path) -> list[dict[str, Any]]:
    """Read the rows of the training set."""
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(output / "train.parquet").to_pylist()
    return rows


def dropped(output: Path) -> dict[str, str]:
    """Return the filter that dropped each row, by its id."""
    found = {}
    for line in (output / "dropped.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["id"]] = row["filter"]
    return found
