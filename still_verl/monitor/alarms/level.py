"""Detectors of a signal whose level changes: one table row for each alarm, one grade for each severity."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from still_verl.config_errors import ConfigError, one_of
from still_verl.monitor.alarms.changes import Change, Direction, changes
from still_verl.monitor.alarms.detectors import SEVERITIES, BaseDetector, Finding, View
from still_verl.monitor.alarms.history import EACH_STEP, History
from still_verl.monitor.alarms.signals import FAMILIES, scale_of

TESTS = ("shift", "creep", "trend")
Z_LOUD = {"shift": 5.0, "creep": 5.0, "trend": 4.0}  # deviations that more than a hint needs
Condition = Callable[[View, Change], bool]


@dataclass(frozen=True)
class Grade:
    """A severity, and the change from which on it holds.

    Attributes:
        severity: "critical", "warning" or "info".
        amount: least change, as a person writes it: a factor, a difference or a part, as the signal's scale has it.
        level: the level now must be beyond it, in the direction of the change; None for any level.
        tests: of `changes`, those that count.
        only_if: what else must hold.
    """

    severity: str
    amount: float
    level: float | None = None
    tests: Sequence[str] = TESTS
    only_if: Condition | None = None

    def __post_init__(self) -> None:
        """Refuse what would fail in the middle of a run, or never ring.

        Raises:
            ConfigError: names the attribute and the fix.
        """
        one_of("Grade.severity", self.severity, SEVERITIES)
        for test in self.tests:
            one_of("Grade.tests", test, TESTS)


@dataclass(frozen=True)
class LevelDetector(BaseDetector):
    """A signal, or each of a family of signals, that rises or falls.

    Attributes:
        signal: of `signals.SIGNALS` or `FAMILIES`, or a metric's full name.
        direction: which change is bad.
        grades: worst first.
        meaning: what the change shows.
        advice: what to do first.
        form: of the figures in the evidence.
        standing: grades that need no change: the mean of the last 20 values is beyond their level.
    """

    signal: str
    direction: Direction
    grades: Sequence[Grade]
    meaning: str
    advice: str
    form: str = ".3g"
    standing: Sequence[Grade] = ()

    def __post_init__(self) -> None:
        """Refuse a detector that cannot find anything.

        Raises:
            ConfigError: it has no grade.
        """
        if not (*self.grades, *self.standing):
            raise ConfigError("LevelDetector.grades=[]: give a Grade at least, e.g. [Grade('warning', 0.2)]")

    @property
    def severity(self) -> str:  # type: ignore[override]
        """The worst severity of all grades."""
        found = [SEVERITIES.index(grade.severity) for grade in (*self.grades, *self.standing)]
        return SEVERITIES[min(found)]

    @property
    def needs(self) -> tuple[str, ...]:
        """The signal."""
        return (self.signal,)

    def find(self, view: View) -> Finding | None:
        """Return the worst that any test sees in any of the signals."""
        worst: Finding | None = None
        for name, history in self._histories(view):
            for finding in self._findings(view, name, history):
                if worst is None or SEVERITIES.index(finding.severity) < SEVERITIES.index(worst.severity):
                    worst = finding
        return worst

    def _histories(self, view: View) -> Iterator[tuple[str, History]]:
        if self.signal in FAMILIES:
            for member, history in view.family(self.signal).items():
                yield f"{self.signal} {member}", history
        elif self.signal in view.histories:
            yield self.signal, view.histories[self.signal]

    def _findings(self, view: View, name: str, history: History) -> Iterator[Finding]:
        for change in changes(history, self.direction):
            for grade in self.grades:
                if self._reaches(grade, change, view):
                    yield Finding(grade.severity, self._evidence(name, change))
                    break
        if self.standing and len(history.values) >= EACH_STEP.level:
            now = history.raw(history.level(EACH_STEP.level).value)
            for grade in self.standing:
                if self._is_beyond(grade.level, now):
                    said = f"{self.meaning}: {name} is {now:{self.form}} in the last {EACH_STEP.level} steps"
                    yield Finding(grade.severity, said)
                    break

    def _reaches(self, grade: Grade, change: Change, view: View) -> bool:
        if change.test not in grade.tests or not self._is_beyond(grade.level, change.after):
            return False
        if grade.severity != "info" and change.z < Z_LOUD[change.test]:
            return False
        if change.amount < scale_of(self.signal).asked(grade.amount):
            return False
        return grade.only_if is None or grade.only_if(view, change)

    def _is_beyond(self, level: float | None, now: float) -> bool:
        return level is None or self.direction.value * (now - level) >= 0

    def _evidence(self, name: str, change: Change) -> str:
        before, after = format(change.before, self.form), format(change.after, self.form)
        return f"{self.meaning}: {name} {before} -> {after} since step {change.begun} (z {change.z:.1f}, {change.test})"
