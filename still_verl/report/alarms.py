"""The alarms of a run that logged none, because it was not trained with one of our trainer modes."""

from still_verl.monitor.alarms import Watch
from still_verl.report.diagnosis import rows
from still_verl.report.metrics import Values
from still_verl.report.run import ALARM


def add_alarms(series: dict[str, Values]) -> dict[str, str]:
    """Add the metrics `still/alarm/NAME` that the monitor would have logged, of alarms that are more than a hint.

    Returns:
        Evidence and advice of each, by name; nothing for a run that has such metrics already.
    """
    if any(key.startswith(ALARM) for key in series):
        return {}
    watch = Watch()
    evidence: dict[str, str] = {}
    active: dict[str, Values] = {}
    for row in rows(series):
        for alarm in watch.observe(row["step"], row):
            if alarm.name in watch.loud:
                evidence[alarm.name] = f"{alarm.evidence}. {alarm.advice}"
        for name in watch.loud:
            active.setdefault(name, {})[row["step"]] = 1.0
    steps = sorted({step for values in series.values() for step in values})
    for name, values in active.items():
        series[ALARM + name] = {step: values.get(step, 0.0) for step in steps}
    return evidence
