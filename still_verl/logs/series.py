"""Puts rows of a log together to series: a value for each metric and step, in bounded memory."""

import math
from collections.abc import Iterator
from typing import Any

from still_verl.logs.files import Notes
from still_verl.logs.format import Row

Values = dict[int, float | None]  # by step; None is NaN, infinite or null

# In the order of preference. `_step` of wandb counts what was logged, not what was learned.
STEP_NAMES = (
    "step",
    "training/global_step",
    "train/global_step",
    "trainer/global_step",
    "global_step",
    "_step",
    "Step",
)
KEPT = 20_000  # values of a metric; of a longer run every second, fourth, ... one
METRICS = 20_000  # of a run; what is more is left out
NESTED = 4  # levels of mappings in mappings
HIGHEST = 2**53

REPEATED = "rows that repeat the step before, so that the later value counts: {n}"
BACK = "steps go back, as after a resume, and what was logged later counts: {n} times"
THINNED = f"the run is longer than {KEPT:,} values of a metric: it is read in part, evenly"
NO_STEP = "rows left out, without a step that is a whole number: {n}"
TOO_MANY = f"values left out, of metrics beyond the first {METRICS:,}: {{n}}"
COUNTED = "no row has a step: rows are counted"


class Series:
    """The numbers of one run, row by row.

    Attributes:
        notes: what was left out or replaced.
        rewinds: how often the steps went back to one that had been logged.
    """

    def __init__(self, notes: Notes | None = None) -> None:
        self.notes = notes or Notes()
        self.rewinds = 0
        self._values: dict[str, Values] = {}
        self._last: dict[str, int] = {}  # the highest step of each metric
        self._strides: dict[str, int] = {}  # of metrics that are thinned: one in so many values is kept
        self._skipped: dict[str, int] = {}
        self._unsorted: set[str] = set()
        self._has_steps = False
        self._counted = 0  # rows without a step, while no row had one

    @property
    def values(self) -> dict[str, Values]:
        """Values by metric and step, steps in order."""
        for name in self._unsorted:
            self._values[name] = dict(sorted(self._values[name].items()))
        self._unsorted.clear()
        return self._values

    def add(self, row: Row) -> None:
        """Take in what was logged at once."""
        numbers = dict(_numbers(row))
        if not numbers:
            return
        step = self._step_of(row)
        if step is None:
            return
        if self._goes_back(step, numbers):
            self._rewind(step)
        for name, value in numbers.items():
            self._put(name, step, value)

    def _step_of(self, row: Row) -> int | None:
        """Return the step of a row; None if it has none. If no row of a log has one, they are counted."""
        name = next((name for name in STEP_NAMES if row.get(name) is not None), None)
        if name is None and not self._has_steps:
            self._counted += 1
            if self._counted == 1:
                self.notes.add(COUNTED)
            return self._counted
        step = None if name is None else whole_number(row[name])
        if step is None:
            self.notes.add(NO_STEP)
        elif not self._has_steps:
            self._has_steps = True
            self._forget_counted()
        return step

    def _forget_counted(self) -> None:
        """Leave out the rows that were counted: the log has steps, after all."""
        if self._counted:
            del self.notes.counts[COUNTED]
            self.notes.add(NO_STEP, self._counted)
            self._values.clear()
            self._last.clear()
            self._counted = 0

    def _goes_back(self, step: int, numbers: dict[str, float | None]) -> bool:
        """Return whether most metrics of a row were logged at its step before, and at later steps too."""
        again = same = 0
        for name in numbers:
            last = self._last.get(name)
            if last is None:
                continue
            same += last == step
            again += last > step and (step in self._values[name] or self._strides.get(name, 1) > 1)
        if 2 * same > len(numbers):
            self.notes.add(REPEATED)
        return 2 * again > len(numbers)

    def _rewind(self, step: int) -> None:
        """Forget what came after a step: the run went on from there once more."""
        self.rewinds += 1
        self.notes.add(BACK)
        for name, values in list(self._values.items()):
            if self._last[name] < step:
                continue
            kept = {at: value for at, value in values.items() if at < step}
            if kept:
                self._values[name], self._last[name] = kept, max(kept)
            else:
                del self._values[name], self._last[name]

    def _put(self, name: str, step: int, value: float | None) -> None:
        values = self._values.get(name)
        if values is None:
            if len(self._values) >= METRICS:
                self.notes.add(TOO_MANY)
                return
            values = self._values[name] = {}
            self._last[name] = step
        stride = self._strides.get(name, 1)
        if stride > 1:
            self._skipped[name] = (self._skipped[name] + 1) % stride
            if self._skipped[name]:
                return
        if step > self._last[name]:
            self._last[name] = step
        elif step != self._last[name]:
            self._unsorted.add(name)
        values[step] = value
        if len(values) > KEPT:
            self._thin(name)

    def _thin(self, name: str) -> None:
        if not self._strides:
            self.notes.add(THINNED)
        self._strides[name] = 2 * self._strides.get(name, 1)
        self._skipped[name] = 0
        ordered = sorted(self._values[name].items())
        self._values[name] = dict(ordered[::2])
        self._unsorted.discard(name)


def rows_by_step(series: dict[str, Values], after: int | None = None) -> Iterator[Row]:
    """Yield the metrics of each step of a run, as a logger would have written them; those after a step only."""
    steps: dict[int, Row] = {}
    for name, values in series.items():
        for step, value in values.items():
            if after is None or step > after:
                steps.setdefault(step, {"step": step})[name] = value
    for step in sorted(steps):
        yield steps[step]


def whole_number(value: Any) -> int | None:
    """Return a step, which may be written as 7.0 or "7"; None for what is none.

    Example:
        >>> whole_number("7"), whole_number(7.0), whole_number(7.5), whole_number(-1), whole_number(True)
        (7, 7, None, None, None)
    """
    if isinstance(value, bool):
        return None
    number = as_number(value)
    if number is None or not number.is_integer() or not 0 <= number < HIGHEST:
        return None
    return int(number)


def as_number(value: Any) -> float | None:
    """Return a number, NaN and infinity included, of a value or of its text; None for what is no number.

    Example:
        >>> as_number("0.5"), as_number("Infinity"), as_number(True), as_number("1_000"), as_number("abc")
        (0.5, inf, 1.0, None, None)
    """
    if isinstance(value, str) and "_" in value:  # Python reads 1_000, loggers do not write it
        return None
    if not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _numbers(row: Row, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, float | None]]:
    """Yield the metrics of a row; those in mappings as `outer/inner`. What a logger keeps for itself is left out."""
    for key, value in row.items():
        if not prefix and (key in STEP_NAMES or key.startswith("_")):
            continue
        if type(value) is float:  # nearly always, so first
            yield f"{prefix}{key}", value if math.isfinite(value) else None
        elif isinstance(value, dict):
            if depth < NESTED and "_type" not in value:  # else a picture or a table of wandb's
                yield from _numbers(value, f"{prefix}{key}/", depth + 1)
        elif value is None:
            yield f"{prefix}{key}", None
        else:
            number = as_number(value)
            if number is not None:
                yield f"{prefix}{key}", number if math.isfinite(number) else None
