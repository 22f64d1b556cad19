"""Runs the detectors over the metrics of a run, while it trains or afterwards."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from still_verl.config_errors import did_you_mean
from still_verl.monitor.alarms.detectors import Detector, Window
from still_verl.monitor.alarms.signals import SIGNALS, Row, read_signals, reader
from still_verl.monitor.registries import DETECTORS, by_label

_log = logging.getLogger(__name__)

WINDOW = 60  # steps that a test sees
MIN_STEPS = 30  # before that many, no test is done
BASELINE_STEPS = 20  # first steps of a signal, whose median is what a run began with
CHECK_EVERY = 5  # steps between two checks
QUIET_CHECKS = 4  # checks in a row without it that end an alarm, so that one at the edge does not come and go


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


class Watch:
    """Takes in a run step by step, and keeps what its detectors need of it.

    A detector of a user's may fail: its test raises, or returns something else than one boolean. The run goes on as if
    the test were negative; that is logged as an error with the detector's name, once for each detector. So is a metric
    that never comes.

    Attributes:
        detectors: by label.
        active: the alarms that last, and for each the checks since it was last seen.
    """

    def __init__(self, detectors: Sequence[str] = tuple(DETECTORS)) -> None:
        """Find the detectors: names of `registries.DETECTORS`, or dotted names of the user's own.

        Raises:
            ConfigError: there is no such detector, or two have the same label.
        """
        self.detectors: dict[str, Detector] = {}
        self._readers = dict(SIGNALS)
        for label, name in by_label(detectors).items():
            detector = DETECTORS.find(name)
            self.detectors[label] = detector
            for signal in detector.needs:
                self._readers[signal] = reader(signal)
        self.start: dict[str, list[float]] = {}
        self.last: list[dict[str, float]] = []
        self.active: dict[str, int] = {}
        self._failed: set[str] = set()

    def observe(self, step: int, metrics: Row) -> list[Alarm]:
        """Return the alarms that begin with this step.

        A signal that is missing or not finite is as if it were not logged.
        """
        row = read_signals(metrics, self._readers)
        if not row:
            return []
        self._extend_baseline(row)
        self.last = [*self.last, row][-WINDOW:]
        if len(self.last) == MIN_STEPS:
            self._say_what_is_missing(metrics)
        if step % CHECK_EVERY:
            return []
        return self._check(step)

    def _extend_baseline(self, row: Row) -> None:
        """Add to what the run began with: of each signal by itself, since one may come later than the others."""
        for name, value in row.items():
            values = self.start.setdefault(name, [])
            if len(values) < BASELINE_STEPS:
                values.append(value)

    def _say_what_is_missing(self, metrics: Row) -> None:
        """Log, once in a run, which metrics that a detector calls by their full names were never there.

        A signal of `SIGNALS` may be missing: not every run has a KL or calls tools.
        """
        for label, detector in self.detectors.items():
            for name in detector.needs:
                if name not in SIGNALS and name not in self.start:
                    _log.error(
                        "the alarm %s waits for the metric %s, which no step has had so far%s",
                        label,
                        name,
                        did_you_mean(name, metrics),
                    )

    def _check(self, step: int) -> list[Alarm]:
        """Test every detector; an alarm that is not seen for some checks ends."""
        begun: list[Alarm] = []
        for label, detector in self.detectors.items():
            evidence = self._evidence(label, detector)
            if evidence is not None:
                if label not in self.active:
                    begun.append(Alarm(label, detector.severity, step, evidence, detector.advice))
                self.active[label] = 0
            elif label in self.active:
                self.active[label] += 1
                if self.active[label] == QUIET_CHECKS:
                    del self.active[label]
        return begun

    def _evidence(self, label: str, detector: Detector) -> str | None:
        """Return what a detector sees in the last steps; None if it sees nothing, or fails."""
        window = self._window(detector.needs)
        if window is None:
            return None
        try:
            if _positive(detector.test(window)):
                return detector.evidence(window)
        except Exception as error:  # whatever a test of the user's own raises
            if label not in self._failed:
                self._failed.add(label)
                _log.error(
                    "the alarm %s failed and will not be raised, the run goes on: %s: %s",
                    label,
                    type(error).__name__,
                    error,
                )
        return None

    def _window(self, names: Sequence[str]) -> Window | None:
        """Return the last steps of some signals, and their medians at the run's start; None if they are too few."""
        columns: dict[str, list[float]] = {name: [] for name in names}
        for row in self.last:
            if row.keys() >= columns.keys():
                for name, values in columns.items():
                    values.append(row[name])
        if len(columns[names[0]]) < MIN_STEPS:
            return None
        last = {name: np.array(values) for name, values in columns.items()}
        start = {name: np.array(np.median(self.start[name])) for name in names}
        return Window(last, start)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must keep, as JSON values."""
        return {"start": self.start, "last": self.last, "active": self.active}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave.

        The detectors may be others now: alarms of those that are gone are dropped, and a new one is tested as soon as
        there are `MIN_STEPS` steps of its signals.
        """
        self.start, self.last = {}, state["last"]
        if isinstance(state["start"], dict):
            self.start = state["start"]
        else:
            # Until 0.1 it was one row for each step. A signal that came later has its first values among the last.
            for row in [*state["start"], *state["last"]]:
                self._extend_baseline(row)
        active = state.get("active", state.get("ringing", {}))  # its name until 0.1
        self.active = {label: checks for label, checks in active.items() if label in self.detectors}


def scan(rows: Iterable[Row], detectors: Sequence[str] = tuple(DETECTORS)) -> list[Alarm]:
    """Return every alarm of a run from its metrics, in order.

    Each row has its number as `step` or `training/global_step`.
    """
    watch = Watch(detectors)
    alarms: list[Alarm] = []
    for number, row in enumerate(rows, 1):
        step = row.get("step", row.get("training/global_step", number))
        alarms += watch.observe(int(step), row)
    return alarms


def _positive(result: Any) -> bool:
    """Return a test's result.

    Raises:
        TypeError: it is not one boolean; a number or an array would be guessing.
    """
    found = np.asarray(result)
    if found.dtype != bool or found.shape != ():
        raise TypeError(f"its test returned {result!r}: return True or False")
    return bool(found)
