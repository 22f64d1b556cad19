"""Runs the detectors over the metrics of a run, while it trains or afterwards."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from still_verl.monitor.alarms.detectors import Window
from still_verl.monitor.registries import DETECTORS

WINDOW = 60  # steps that a test sees
MIN_STEPS = 30  # before that many, no test is done
BASELINE_STEPS = 20  # first steps, whose median is what a run began with
CHECK_EVERY = 5  # steps between two checks
QUIET_CHECKS = 4  # checks in a row without it that end an alarm, so that one at the edge does not come and go

KEYWORD_RATE = re.compile(r"still/keywords/([^/]+)/per_1k_words")  # a metric of each category

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
    """The words for each 1,000, of all categories that the run counts."""
    found = [value for name, value in row.items() if KEYWORD_RATE.fullmatch(name) and value is not None]
    return sum(found) if found else None


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


def metric(name: str) -> Callable[[Row], float | None]:
    """Return how a signal is read from a step's metrics: one of `SIGNALS`, else the metric of that name."""
    return SIGNALS[name] if name in SIGNALS else _first(name)


class Watch:
    """Takes in one step after the other.

    Attributes:
        active: the alarms that last, and for each the checks since it was last seen.
    """

    def __init__(self, detectors: Sequence[str] = tuple(DETECTORS)) -> None:
        """`detectors`: names of `registries.DETECTORS`, or dotted names of the user's own."""
        self.detectors = {DETECTORS.label(name): DETECTORS.find(name) for name in detectors}
        self.signals = dict(SIGNALS)
        for detector in self.detectors.values():
            self.signals |= {name: metric(name) for name in detector.needs}
        self.start: list[dict[str, float]] = []
        self.last: list[dict[str, float]] = []
        self.active: dict[str, int] = {}

    def observe(self, step: int, metrics: Row) -> list[Alarm]:
        """Return the alarms that begin with this step.

        A signal that is missing or not finite is as if it were not logged.
        """
        row = {}
        for name, read in self.signals.items():
            value = read(metrics)
            if value is not None and math.isfinite(value):
                row[name] = float(value)
        if not row:
            return []
        self.start = [*self.start, row][:BASELINE_STEPS]
        self.last = [*self.last, row][-WINDOW:]
        return self._check(step) if step % CHECK_EVERY == 0 else []

    def _check(self, step: int) -> list[Alarm]:
        """Test every detector; an alarm that is not seen for some checks ends."""
        seen: dict[str, Window] = {}
        for name, detector in self.detectors.items():
            window = self._window(detector.needs)
            if window is not None and bool(detector.test(window)):
                seen[name] = window
        begun = [name for name in seen if name not in self.active]
        for name in self.active:
            self.active[name] += 1
        self.active |= dict.fromkeys(seen, 0)
        self.active = {name: checks for name, checks in self.active.items() if checks < QUIET_CHECKS}
        alarms = []
        for name in begun:
            detector = self.detectors[name]
            alarms.append(Alarm(name, detector.severity, step, detector.evidence(seen[name]), detector.advice))
        return alarms

    def _window(self, names: Sequence[str]) -> Window | None:
        """The last steps of some signals, and their medians at the run's start; None where there are too few."""
        rows = [row for row in self.last if all(name in row for name in names)]
        if len(rows) < MIN_STEPS:
            return None
        medians = {}
        for name in names:
            values = [row[name] for row in self.start if name in row]
            if not values:
                return None
            medians[name] = np.array(np.median(values))
        return Window({name: np.array([row[name] for row in rows]) for name in names}, medians)

    def state_dict(self) -> dict[str, Any]:
        return {"start": self.start, "last": self.last, "active": self.active}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.start, self.last = state["start"], state["last"]
        active = state.get("active", state.get("ringing", {}))  # its name until 0.1
        self.active = {name: checks for name, checks in active.items() if name in self.detectors}


def scan(rows: Iterable[Row], detectors: Sequence[str] = tuple(DETECTORS)) -> list[Alarm]:
    """Return every alarm of a run from its metrics, in order.

    Each row has its number as `step` or `training/global_step`.
    """
    watch, alarms = Watch(detectors), []
    for number, row in enumerate(rows, 1):
        step = row.get("step", row.get("training/global_step", number))
        alarms += watch.observe(int(step), row)
    return alarms
