"""A reward on a file of responses, in this process: for debugging, so a breakpoint in the reward works."""

import asyncio
import inspect
import time
from bdb import BdbQuit
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from statistics import mean, median
from typing import Any

from still_verl import paths
from still_verl.registry import as_number, in_one_line
from still_verl.rewards.offline_rows import RowError
from still_verl.rewards.reward_kwargs import COLUMNS

Reward = Callable[..., Any]


@dataclass(frozen=True)
class Scored:
    """One row of the input with what the reward returned, and the seconds that it took."""

    row: dict[str, Any]
    result: dict[str, Any]
    seconds: float


def load_reward(spec: str) -> Reward:
    """Load the function of `FILE` or `FILE:NAME` (default `compute_score`); a name of `reward_fns/` is a file too.

    Raises:
        ValueError: no such file or function, or the file cannot be imported, whose error is the cause.
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
    try:
        module_spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the file does when it is imported
        raise ValueError(f"--reward-fn {spec}: {path} cannot be imported: {in_one_line(error)}") from error
    if not callable(getattr(module, name, None)):
        raise ValueError(f"--reward-fn {spec}: {path} has no function {name}")
    return getattr(module, name)


def score_rows(reward: Reward, rows: list[dict[str, Any]], kwargs: dict[str, Any]) -> Iterator[Scored]:
    """Score one row after the other, with the arguments of verl's naive manager.

    Raises:
        RowError: the reward raised (its error is the cause), returned no score, or other keys than for the first row.
    """
    keys: set[str] | None = None
    for number, row in enumerate(rows, 1):
        started = time.perf_counter()
        columns = {name: row.get(name, default) for name, default in COLUMNS.items()}
        columns["extra_info"] = columns["extra_info"] or {}
        try:
            returned = reward(**columns, **kwargs)
            if inspect.isawaitable(returned):
                returned = asyncio.run(_wait_for(returned))
        except BdbQuit:  # `q` at a breakpoint
            raise KeyboardInterrupt from None
        except (Exception, SystemExit) as error:  # a reward that ends its process would end without a word
            raise RowError(f"row {number}: the reward raised {in_one_line(error)}") from error
        seconds = time.perf_counter() - started
        result = _as_row(returned, number)
        keys = keys or set(result)
        if keys != set(result):
            raise RowError(f"row {number}: keys {sorted(keys ^ set(result))} are missing in some rows; verl needs all")
        yield Scored(row, result, seconds)


async def _wait_for(returned: Awaitable[Any]) -> Any:
    return await returned


def _as_row(returned: Any, number: int) -> dict[str, Any]:
    """A reward's return value with at least `score` and `acc`, as verl's naive manager reads it."""
    if isinstance(returned, dict) and "score" not in returned:
        raise RowError(f"row {number}: the reward returned {list(returned)}, without `score`")
    found = returned if isinstance(returned, dict) else {"score": returned}
    for key in found:
        if not isinstance(key, str):
            raise RowError(f"row {number}: the reward returned {key!r:.60} as a key: use names")
    score = as_number(found["score"])
    if score is None:
        raise RowError(f"row {number}: the reward returned {found['score']!r:.60} as score: return a finite number")
    return {"acc": score, **found, "score": score}


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
