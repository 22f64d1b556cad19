"""Runs the detectors over the metrics of a run, while it trains or afterwards."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from still_verl.monitor.alarms.detectors import DETECTORS, Window

WINDOW = 60  # steps that a test sees
LEAST = 30  # before that many, no test is done
START = 20  # first steps, whose median is what a run began with
EVERY = 5  # steps between two checks
QUIET = 4  # checks in a row without it that end an alarm, so that one at the edge does not come and go

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Alarm:
    """An alarm that began at `step`."""

    name: str
    severity: str
    step: int
    evidence: str
    advice: str

    def __str__(self) -> str:
        return f"ALARM {self.name} ({self.severity}) at step {self.step}: {self.evidence}. What to do: {self.advice}"


def _first(*names: str) -> Callable[[Row], float | None]:
    return lambda row: next((row[name] for name in names if row.get(name) is not None), None)


def _truncated(row: Row) -> float | None:
    finished = row.get("still/completion/finished")
    return row.get("response_length/clip_ratio") if finished is None else 1 - finished


def _keywords(row: Row) -> float | None:
    found = [row.get(f"still/keywords/{name}/per_1k_words") for name in ("verification", "reflection", "correction")]
    return sum(value for value in found if value is not None) if any(value is not None for value in found) else None


# From a step's metrics, ours or verl's own.
SIGNALS: dict[str, Callable[[Row], float | None]] = {
    "length": _first("still/length/mean", "response_length/mean"),
    "accuracy": _first("still/accuracy"),
    "keywords": _keywords,
    "repetition": _first("still/repetition"),
    "entropy": _first("actor/entropy"),
    "truncated": _truncated,
    "kl": _first("actor/kl_loss", "actor/reward_kl_penalty"),
    "tool_calls": _first("still/tool/calls"),
}


class Watch:
    """Takes in one step after the other. `ringing` are the alarms that last, and the checks since each was seen."""

    def __init__(self) -> None:
        self.start: list[dict[str, float]] = []
        self.last: list[dict[str, float]] = []
        self.ringing: dict[str, int] = {}

    def observe(self, step: int, metrics: Row) -> list[Alarm]:
        """The alarms that begin with this step; a signal that is missing or not finite is as if it were not logged."""
        found = {name: read(metrics) for name, read in SIGNALS.items()}
        row = {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}
        if not row:
            return []
        self.start = [*self.start, row][:START]
        self.last = [*self.last, row][-WINDOW:]
        return self._check(step) if step % EVERY == 0 else []

    def _check(self, step: int) -> list[Alarm]:
        windows = {name: self._window(detector.needs) for name, detector in DETECTORS.items()}
        now = {name: window for name, window in windows.items() if window and bool(DETECTORS[name].test(window))}
        begun = [name for name in now if name not in self.ringing]
        since = {name: checks + 1 for name, checks in self.ringing.items()} | dict.fromkeys(now, 0)
        self.ringing = {name: checks for name, checks in since.items() if checks < QUIET}
        chosen = [(name, DETECTORS[name]) for name in begun]
        return [Alarm(name, each.severity, step, each.evidence(now[name]), each.advice) for name, each in chosen]

    def _window(self, names: Sequence[str]) -> Window | None:
        rows = [row for row in self.last if all(name in row for name in names)]
        starts = {name: [row[name] for row in self.start if name in row] for name in names}
        if len(rows) < LEAST or not all(starts.values()):
            return None
        last = {name: np.array([row[name] for row in rows]) for name in names}
        return Window(last, {name: np.array(np.median(values)) for name, values in starts.items()})

    def state_dict(self) -> dict[str, Any]:
        return {"start": self.start, "last": self.last, "ringing": self.ringing}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.start, self.last, self.ringing = state["start"], state["last"], state["ringing"]


def scan(rows: Iterable[Row]) -> list[Alarm]:
    """Every alarm of a run from its metrics, in order. Each row has its number as `step` or `training/global_step`."""
    watch, alarms = Watch(), []
    for number, row in enumerate(rows, 1):
        alarms += watch.observe(int(row.get("step", row.get("training/global_step", number))), row)
    return alarms
