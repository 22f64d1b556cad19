"""The alarms of a run that logged none, because it was not trained with one of our trainer modes."""

from still_verl.logs.series import Values, rows_by_step
from still_verl.monitor.alarms import Watch
from still_verl.report.run import ALARM


def as_sentences(evidence: str, advice: str) -> str:
    """Return what an alarm saw and what it advises as two sentences."""
    return f"{evidence.rstrip('. ')}. {advice[:1].upper()}{advice[1:]}"


class AlarmSeries:
    """The metrics `still/alarm/NAME` that the monitor would have logged, of alarms that are more than a hint.

    A run may grow: what was seen is not looked at again.

    Attributes:
        evidence: what was seen, and what to do, by alarm.
    """

    def __init__(self) -> None:
        self.evidence: dict[str, str] = {}
        self._watch = Watch()
        self._active: dict[str, Values] = {}
        self._steps: list[int] = []
        self._last: set[str] = set()  # the metrics of the last step that were seen

    def update(self, series: dict[str, Values]) -> dict[str, Values]:
        """Look at the steps that are new, and return the metrics; none for a run that has logged alarms itself."""
        if any(key.startswith(ALARM) for key in series):
            return {}
        for row in rows_by_step(series, after=self._before_last()):
            self._observe(row["step"], row)
        found: dict[str, Values] = {}
        for name, values in self._active.items():
            found[ALARM + name] = {step: values.get(step, 0.0) for step in self._steps}
        return found

    def _before_last(self) -> int | None:
        """Return the step behind which steps are read: metrics may be added to the last one, as of a validation."""
        if len(self._steps) < 2:
            return None
        return self._steps[-2]

    def _observe(self, step: int, row: dict[str, float | None]) -> None:
        if self._steps and step == self._steps[-1]:
            new = {name: value for name, value in row.items() if name not in self._last}
            self._last |= new.keys()
        elif self._steps and step < self._steps[-1]:
            return
        else:
            self._steps.append(step)
            new, self._last = row, set(row)
        if not new:
            return
        for alarm in self._watch.observe(step, new):
            if alarm.name in self._watch.loud:
                self.evidence[alarm.name] = as_sentences(alarm.evidence, alarm.advice)
        for name in self._watch.loud:
            self._active.setdefault(name, {})[step] = 1.0
