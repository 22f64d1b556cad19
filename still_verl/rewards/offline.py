"""A reward on a file of responses, in this process: for debugging, so a breakpoint in the reward works."""

import json
import time
from bdb import BdbQuit
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from statistics import mean, median
from typing import Any

from still_verl import paths

Reward = Callable[..., Any]

# Columns of verl's rollout and validation dumps, and what a reward function calls them.
_DUMP = {"output": "solution_str", "gts": "ground_truth"}


class RowError(ValueError):
    """A row that cannot be scored; the message names file, line and what is wrong."""


@dataclass(frozen=True)
class Scored:
    """One row of the input with what the reward returned, and the seconds that it took."""

    row: dict[str, Any]
    result: dict[str, Any]
    seconds: float


def load_reward(spec: str) -> Reward:
    """Load the function of `FILE` or `FILE:NAME` (default `compute_score`); a name of `reward_fns/` is a file too.

    Raises:
        ValueError: no such file or function.
    """
    file, _, name = spec.partition(":")
    name = name or "compute_score"
    path = Path(file)
    if not path.is_file():
        path = Path(paths.reward_fn(file))
    module_spec = spec_from_file_location(path.stem, path)
    if module_spec is None or module_spec.loader is None:
        raise ValueError(f"--reward-fn {spec}: {path} is not a Python file")
    module = module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    if not callable(getattr(module, name, None)):
        raise ValueError(f"--reward-fn {spec}: {path} has no function {name}")
    return getattr(module, name)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a JSONL file: rows of `data_source, solution_str, ground_truth, extra_info?`, or a dump that verl wrote.

    Raises:
        RowError: no JSON object, or a column is missing; names the line.
    """
    rows = []
    # Not `splitlines`: JSON may hold U+2028 and others as they are, and a model writes them now and then.
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise RowError(f"{path}:{number}: not JSON ({error.msg})") from error
        if not isinstance(row, dict):
            raise RowError(f"{path}:{number}: not a JSON object")
        for theirs, ours in _DUMP.items():
            if theirs in row:
                row.setdefault(ours, row[theirs])
        missing = [key for key in ("solution_str", "ground_truth") if key not in row]
        if missing:
            raise RowError(f"{path}:{number}: no {' and no '.join(missing)}; it has {', '.join(row)}")
        rows.append(row)
    if not rows:
        raise RowError(f"{path}: no rows")
    return rows


def score_rows(reward: Reward, rows: list[dict[str, Any]], kwargs: dict[str, Any]) -> Iterator[Scored]:
    """Score one row after the other, with the arguments of verl's naive manager.

    Raises:
        RowError: the reward raised (its error is the cause), returned no score, or other keys than for the first row.
    """
    keys: set[str] | None = None
    for number, row in enumerate(rows, 1):
        started = time.perf_counter()
        try:
            returned = reward(
                data_source=row.get("data_source", "unknown"),
                solution_str=row["solution_str"],
                ground_truth=row["ground_truth"],
                extra_info=row.get("extra_info") or {},
                **kwargs,
            )
        except BdbQuit:  # `q` at a breakpoint
            raise KeyboardInterrupt from None
        except Exception as error:
            raise RowError(f"row {number}: the reward raised {type(error).__name__}: {error}") from error
        seconds = time.perf_counter() - started
        result = _as_row(returned, number)
        keys = keys or set(result)
        if keys != set(result):
            raise RowError(f"row {number}: keys {sorted(keys ^ set(result))} are missing in some rows; verl needs all")
        yield Scored(row, result, seconds)


def _as_row(returned: Any, number: int) -> dict[str, Any]:
    """A reward's return value with at least `score` and `acc`, as verl's naive manager reads it."""
    if not isinstance(returned, dict):
        return {"score": float(returned), "acc": float(returned)}
    if "score" not in returned:
        raise RowError(f"row {number}: the reward returned {sorted(returned)}, without `score`")
    return {"acc": returned["score"], **returned}


def means(scored: list[Scored]) -> dict[str, tuple[float, float, float]]:
    """Return (mean, smallest, largest) of every key that has numbers."""
    columns: dict[str, list[float]] = defaultdict(list)
    for each in scored:
        for key, value in each.result.items():
            if isinstance(value, bool | int | float):
                columns[key].append(float(value))
    return {key: (mean(values), min(values), max(values)) for key, values in columns.items()}


def timings(scored: list[Scored]) -> dict[str, float]:
    """Return rows a second, and milliseconds a row."""
    seconds = sorted(each.seconds for each in scored)
    at_99_percent = min(len(seconds) - 1, int(0.99 * len(seconds)))
    return {
        "rows/s": len(seconds) / max(sum(seconds), 1e-9),
        "p50 ms": 1e3 * median(seconds),
        "p99 ms": 1e3 * seconds[at_99_percent],
        "max ms": 1e3 * seconds[-1],
    }
