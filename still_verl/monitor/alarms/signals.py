"""Signals: short names for figures of a step, read from a metric of ours or of verl's, whichever exists."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from still_verl.monitor.keywords import KEYWORD_RATE
from still_verl.monitor.metric_names import KL, LENGTH

Row = Mapping[str, Any]  # the metrics of a step
Read = Callable[[Row], Any]


def first_of(*names: str) -> Read:
    """Return how the first of some metrics that a step has is read; None for a step with none of them."""

    def read(row: Row) -> Any:
        for name in names:
            if row.get(name) is not None:
                return row[name]
        return None

    return read


def truncated(row: Row) -> float | None:
    """Return the share of responses that were cut at their limit."""
    finished = row.get("still/completion/finished")
    if finished is None:
        return row.get("response_length/clip_ratio")
    return float(1 - finished)


def keyword_rate(row: Row) -> float | None:
    """Add up the keywords for each 1,000 words over all categories that the run counts."""
    rates = []
    for name, value in row.items():
        if value is not None and KEYWORD_RATE.fullmatch(name):
            rates.append(value)
    if not rates:
        return None
    return float(sum(rates))


SIGNALS: dict[str, Read] = {
    "length": first_of(*LENGTH),
    "accuracy": first_of("still/accuracy"),
    "keywords": keyword_rate,
    "repetition": first_of("still/repetition"),
    "entropy": first_of("actor/entropy", "still/entropy/per_token"),
    "truncated": truncated,
    "kl": first_of(*KL),
    "tool_calls": first_of("still/tool/calls"),
}


def reader(name: str) -> Read:
    """Return how a signal is read from a step's metrics: one of `SIGNALS`, else the metric of that name."""
    if name in SIGNALS:
        return SIGNALS[name]
    return first_of(name)


def read_signals(row: Row, readers: Mapping[str, Read]) -> dict[str, float]:
    """Return the signals of a step; one that is missing, or no finite number, is left out."""
    found: dict[str, float] = {}
    for name, read in readers.items():
        try:
            value = float(read(row))
        except (TypeError, ValueError):  # None is missing; a metric that a user named may be a text
            continue
        if math.isfinite(value):
            found[name] = value
    return found
