"""What a detector is: it looks at a run after each step, and says what it found.

`BaseDetector` is what every detector has. `Detector` is the one for a test of a user's own, over the last steps;
ours are made of `level.LevelDetector` and of a few that need more than one signal.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from still_verl.config_errors import ConfigError, one_of
from still_verl.monitor.alarms.history import History
from still_verl.monitor.alarms.trend import ends, trend

SEVERITIES = ("critical", "warning", "info")  # worst first
CHECK_EVERY = 5  # steps between two tests of a user's own

Series = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Window:
    """The last steps of some series, and the median of each over its first steps in the run.

    `window[name]` are the last steps of one series, `window.start[name]` is its median.
    """

    last: Series
    start: Series

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.last:
            raise KeyError(f"{name} is not in the window: name it in the detector's `seen` ({', '.join(self.last)})")
        return self.last[name]


@dataclass(frozen=True)
class Finding:
    """What a detector sees after a step.

    Attributes:
        severity: one of `SEVERITIES`.
        evidence: in a sentence with figures, without a full stop.
    """

    severity: str
    evidence: str


class View(ABC):
    """What a detector may look at: a run until its last step. `watch.Watch` is one.

    Attributes:
        histories: of the signals that the run has had, by name; those of families are called `<family>/<member>`.
        broken: metrics that were finite and now are not, and for how many steps in a row; see `not_finite`.
    """

    histories: dict[str, History]
    broken: dict[str, int]

    @abstractmethod
    def window(self, names: Sequence[str]) -> Window | None:
        """Return the last steps of some signals; None while there are too few."""

    def family(self, name: str) -> dict[str, History]:
        """Return the signals of a family, by member."""
        prefix = f"{name}/"
        return {key.removeprefix(prefix): each for key, each in self.histories.items() if key.startswith(prefix)}


class BaseDetector(ABC):
    """Looks at a run after each step.

    Attributes:
        severity: the worst that it can find.
        advice: what to do first.
    """

    severity: str
    advice: str

    @property
    @abstractmethod
    def needs(self) -> tuple[str, ...]:
        """The signals, or full names of metrics, that it reads."""

    @abstractmethod
    def find(self, view: View) -> Finding | None:
        """Return what is to be seen after the last step, or None."""


@dataclass(frozen=True)
class Detector(BaseDetector):
    """A test over the last steps, and what is said when it is positive.

    Attributes:
        severity: "critical", "warning" or "info".
        test: whether there is something to see. Returns one bool.
        seen: what the test needs and the sentence of evidence shows, with the format of its figures: signals of
            `signals.SIGNALS`, or any metric by its full name, such as `actor/grad_norm`.
        meaning: what the figures show.
        advice: what to do first.

    Example:
        >>> def rises(window):
        ...     return trend(window["actor/grad_norm"]).z > 3
        >>> RISING = Detector("warning", rises, {"actor/grad_norm": ".2f"}, "gradients grow", "lower the learning rate")
        >>> steps = np.arange(30.0)
        >>> bool(RISING.test(Window({"actor/grad_norm": steps}, {"actor/grad_norm": np.array(9.5)})))
        True
    """

    severity: str
    test: Callable[[Window], np.ndarray | bool]
    seen: Mapping[str, str]
    meaning: str
    advice: str

    def __post_init__(self) -> None:
        """Refuse what would fail in the middle of a run.

        Raises:
            ConfigError: names the attribute and the fix.
        """
        one_of("Detector.severity", self.severity, SEVERITIES)
        if not callable(self.test):
            raise ConfigError(f"Detector.test={self.test!r}: use a function of a Window")
        if not isinstance(self.seen, Mapping) or not self.seen:
            raise ConfigError(
                f"Detector.seen={self.seen!r}: name a signal or metric at least, e.g. {{'accuracy': '.3f'}}"
            )
        for name, form in self.seen.items():
            try:
                format(1.0, form)
            except (TypeError, ValueError) as error:
                raise ConfigError(
                    f"Detector.seen[{name!r}]={form!r}: use the format of a number, e.g. '.3f'"
                ) from error

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of `seen`, without which the test cannot be done."""
        return tuple(self.seen)

    def find(self, view: View) -> Finding | None:
        """Do the test over the last steps, if there are enough.

        Raises:
            TypeError: the test returned something else than one bool; a number or an array would be guessing.
        """
        window = view.window(self.needs)
        if window is None:
            return None
        result = self.test(window)
        found = np.asarray(result)
        if found.dtype != bool or found.shape != ():
            raise TypeError(f"its test returned {result!r}: return True or False")
        if not found:
            return None
        return Finding(self.severity, self.evidence(window))

    def evidence(self, window: Window) -> str:
        """Say what was seen, with figures."""
        steps = window[self.needs[0]].shape[-1]
        figures = [self._figure(window, name) for name in self.needs]
        return f"{self.meaning} in {steps} steps: {', '.join(figures)}"

    def _figure(self, window: Window, name: str) -> str:
        first, last = ends(window[name])
        form = self.seen[name]
        z = float(trend(window[name]).z)
        began = f"the run began with {window.start[name]:{form}}"
        return f"{name} {first:{form}} -> {last:{form}} (z {z:+.1f}; {began})"
