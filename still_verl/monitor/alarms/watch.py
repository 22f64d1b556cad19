"""Runs the detectors over the metrics of a run, while it trains or afterwards."""

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from still_verl.config_errors import did_you_mean
from still_verl.monitor.alarms.broken import BrokenMetrics
from still_verl.monitor.alarms.detectors import (
    CHECK_EVERY,
    SEVERITIES,
    BaseDetector,
    Detector,
    Finding,
    View,
    Window,
)
from still_verl.monitor.alarms.history import EACH_STEP, NOW_AND_THEN, History
from still_verl.monitor.alarms.signals import (
    FAMILIES,
    SIGNALS,
    Read,
    Row,
    family_member,
    read_signals,
    reader,
    scale_of,
)
from still_verl.monitor.metric_names import VERL_OF_SEVERAL
from still_verl.monitor.registries import DETECTORS, by_label

_log = logging.getLogger(__name__)

WINDOW = 60  # steps that a test of a user's own sees
MIN_STEPS = 30  # before that many, no such test is done
BASELINE_STEPS = 20  # first steps of a signal, whose median is what a run began with
CONTEXT = ("accuracy", "true_accuracy", "score", "length", "step_seconds")  # what conditions look at, beside validation
QUIET_STEPS = 20  # steps without it that end an alarm, so that one at the edge does not come and go


@dataclass(frozen=True)
class Alarm:
    """An alarm that began at `step`, or became worse."""

    name: str
    severity: str
    step: int
    evidence: str
    advice: str

    def __str__(self) -> str:
        return f"ALARM {self.name} ({self.severity}) at step {self.step}: {self.evidence}. What to do: {self.advice}"


class Watch(View):
    """Takes in a run step by step, and keeps what its detectors need of it.

    A detector of a user's may fail: its test raises, or returns something else than one boolean. The run goes on as if
    the test were negative; that is logged as an error with the detector's name, once for each detector. So is a metric
    that never comes.

    Attributes:
        detectors: by label.
        histories: of each signal, by name.
        start: first values of each signal.
        last: signals of the last steps.
        active: the alarms that last, and for each the steps since it was last seen.
        severities: of the alarms that last, the worst so far.
    """

    def __init__(self, detectors: Sequence[str] = tuple(DETECTORS)) -> None:
        """Find the detectors: names of `registries.DETECTORS`, or dotted names of the user's own.

        Raises:
            ConfigError: there is no such detector, or two have the same label.
        """
        self.detectors: dict[str, BaseDetector] = {}
        self._readers: dict[str, Read] = {name: SIGNALS[name].read for name in CONTEXT}
        self._families = {"validation"}
        for label, name in by_label(detectors).items():
            detector = DETECTORS.find(name)
            self.detectors[label] = detector
            for signal in detector.needs:
                if signal in FAMILIES:
                    self._families.add(signal)
                else:
                    self._readers[signal] = reader(signal)
        self.histories: dict[str, History] = {}
        self.start: dict[str, list[float]] = {}
        self.last: list[dict[str, float]] = []
        self.active: dict[str, int] = {}
        self.severities: dict[str, str] = {}
        self.rows = 0
        self._broken = BrokenMetrics()
        self._members: dict[str, str | None] = {}  # of families, by metric
        self._failed: set[str] = set()

    @property
    def broken(self) -> dict[str, int]:  # type: ignore[override]
        """Metrics that are not finite now, and for how many steps."""
        return self._broken.counts

    @property
    def loud(self) -> set[str]:
        """The alarms that last and are more than a hint: a warning, critical, or the worst that a detector can say."""
        found = set()
        for label in self.active:
            severity = self.severities[label]
            if severity != "info" or self.detectors[label].severity == "info":
                found.add(label)
        return found

    def observe(self, step: int, metrics: Row) -> list[Alarm]:
        """Return the alarms that begin with this step, or become worse.

        A signal that is missing or not finite is as if it were not logged; the alarm `not_finite` sees the latter.
        """
        row = read_signals(metrics, self._readers) | self._read_families(metrics)
        self._broken.observe(metrics)
        if not row and not self.broken:
            return []
        self.rows += 1
        for name, value in row.items():
            self._history(name).add(step, value)
            # Of each signal by itself, since one may come later than the others.
            values = self.start.setdefault(name, [])
            if len(values) < BASELINE_STEPS:
                values.append(value)
        self.last = [*self.last, row][-WINDOW:]
        if self.rows == MIN_STEPS:
            self._say_what_is_missing(metrics)
        return self._check(step)

    def _history(self, name: str) -> History:
        if name not in self.histories:
            pace = NOW_AND_THEN if name.startswith("validation/") else EACH_STEP
            self.histories[name] = History(scale_of(name), pace)
        return self.histories[name]

    def _read_families(self, metrics: Row) -> dict[str, float]:
        """Return the signals of families; of two metrics of one member the one that says more counts."""
        found: dict[str, float] = {}
        read: dict[str, tuple[bool, bool]] = {}
        for metric, value in metrics.items():
            if metric not in self._members:
                self._members[metric] = family_member(metric, self._families)
            member = self._members[metric]
            if member is None or not isinstance(value, int | float) or not math.isfinite(value):
                continue
            # The mean goes before the best of several samples, accuracy before the reward.
            rank = (VERL_OF_SEVERAL.match(metric) is None, "/acc/" in metric)
            if member not in found or rank > read[member]:
                found[member], read[member] = float(value), rank
        return found

    def _say_what_is_missing(self, metrics: Row) -> None:
        """Log, once in a run, which metrics that a detector calls by their full names were never there.

        A signal of `SIGNALS` may be missing: not every run has a KL or calls tools.
        """
        for label, detector in self.detectors.items():
            for name in detector.needs:
                if name not in SIGNALS and name not in FAMILIES and name not in self.start:
                    _log.error(
                        "the alarm %s waits for the metric %s, which no step has had so far%s",
                        label,
                        name,
                        did_you_mean(name, metrics),
                    )

    def _check(self, step: int) -> list[Alarm]:
        """Ask every detector; an alarm that is not seen for some steps ends."""
        begun: list[Alarm] = []
        for label, detector in self.detectors.items():
            # A test of a user's own may take its time.
            if isinstance(detector, Detector) and self.rows % CHECK_EVERY:
                self._count_quiet(label)
                continue
            finding = self._ask(label, detector)
            if finding is None:
                self._count_quiet(label)
                continue
            known = self.severities.get(label)
            if known is None or SEVERITIES.index(finding.severity) < SEVERITIES.index(known):
                self.severities[label] = finding.severity
                begun.append(Alarm(label, finding.severity, step, finding.evidence, detector.advice))
            self.active[label] = 0
        return begun

    def _count_quiet(self, label: str) -> None:
        if label in self.active:
            self.active[label] += 1
            if self.active[label] >= QUIET_STEPS:
                del self.active[label]
                self.severities.pop(label, None)

    def _ask(self, label: str, detector: BaseDetector) -> Finding | None:
        """Return what a detector sees; None if it sees nothing, or fails."""
        try:
            return detector.find(self)
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

    def window(self, names: Sequence[str]) -> Window | None:
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
        return {
            "start": self.start,
            "last": self.last,
            "active": self.active,
            "severities": self.severities,
            "rows": self.rows,
            "broken": self._broken.state_dict(),
            "histories": {name: history.state_dict() for name, history in self.histories.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave.

        The detectors may be others now: alarms of those that are gone are dropped, and a new one is tested as soon as
        there are enough steps of its signals. A checkpoint of version 0.1 has no histories: the watch then begins anew.
        """
        if "histories" not in state:
            return
        self.start, self.last = state["start"], state["last"]
        self.active = {label: steps for label, steps in state["active"].items() if label in self.detectors}
        self.severities = {label: state["severities"][label] for label in self.active}
        self.rows = state["rows"]
        self._broken.load_state_dict(state["broken"])
        for name, kept in state["histories"].items():
            self._history(name).load_state_dict(kept)


def scan(rows: Iterable[Row], detectors: Sequence[str] = tuple(DETECTORS)) -> list[Alarm]:
    """Return every alarm of a run from its metrics, in order.

    Each row has its number as `step`, `training/global_step` or `global_step`; else rows are counted.
    """
    watch = Watch(detectors)
    alarms: list[Alarm] = []
    for number, row in enumerate(rows, 1):
        alarms += watch.observe(step_of(row, number), row)
    return alarms


def step_of(row: Mapping[str, Any], number: int) -> int:
    """Return the step of a row, or its number in the log if it has none."""
    for name in ("step", "training/global_step", "global_step"):
        value = row.get(name)
        if isinstance(value, int | float) and math.isfinite(value):
            return int(value)
    return number
