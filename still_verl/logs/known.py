"""Which metrics mean something to the detectors of alarms."""

from collections.abc import Sequence
from functools import lru_cache

from still_verl.logs.format import Row
from still_verl.monitor.alarms.signals import SIGNALS, family_member
from still_verl.monitor.metric_names import VERL_OF_SEVERAL

# What has these keys is a sample, or a line of a data set: its numbers are no metrics of a step.
TEXTS = ("prompt", "response", "input", "output", "completion", "messages", "text", "question", "answer")


@lru_cache(maxsize=100_000)
def signals_of(metric: str) -> tuple[str, ...]:
    """Return the signals that a metric is read as; none for one that no detector reads."""
    member = family_member(metric)
    if member is not None:
        return (member,)
    return tuple(name for name, signal in SIGNALS.items() if signal.read({metric: 1.0}) is not None)


def used_of(signal: str, metrics: Sequence[str]) -> list[str]:
    """Return those of some metrics that a signal is read from, where a run has all of them; the rest are stand-ins.

    Example:
        >>> used_of("accuracy", ["critic/score/mean", "still/accuracy"])
        ['still/accuracy']
    """
    if signal not in SIGNALS:
        means = [metric for metric in metrics if not VERL_OF_SEVERAL.match(metric)]
        return means or list(metrics)
    read = SIGNALS[signal].read({metric: float(index) for index, metric in enumerate(metrics)})
    for index, metric in enumerate(metrics):
        if len(metrics) > 1 and read == index and SIGNALS[signal].read({metric: 7.0}) == 7.0:
            return [metric]
    return list(metrics)


def has_known(row: Row) -> bool:
    """Return whether a row has metrics of a training run: a known one, and no text of a sample."""
    if any(isinstance(row.get(key), str | list) for key in TEXTS):
        return False
    return any(signals_of(metric) for metric in _names(row))


def _names(row: Row, prefix: str = "") -> list[str]:
    names = []
    for key, value in row.items():
        if isinstance(value, dict) and not prefix:
            names += _names(value, f"{key}/")
        else:
            names.append(f"{prefix}{key}")
    return names
