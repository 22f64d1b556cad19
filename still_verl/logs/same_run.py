"""Tells whether two logs are of the same run: what both logged at the same steps is the same.

A run often logs in several formats side by side. Read twice, it would be two runs; so the numbers themselves decide.
"""

import math
from itertools import islice

from still_verl.logs.files import Notes
from still_verl.logs.format import Log
from still_verl.logs.known import signals_of
from still_verl.logs.registries import FORMATS
from still_verl.logs.series import Series

COMPARED = 2_000  # rows of the beginning of a log
AGREE = 0.95  # of what both have, so much must be the same
RELATIVE, ABSOLUTE = 1e-5, 6e-4  # TensorBoard keeps seven digits; consoles may print three behind the point
VARIES = 0.01  # a log in which nothing varies by more is like any other such log

Print = dict[tuple[str, int], float]  # values by metric and step


def print_of(log: Log) -> Print:
    """Return what a log says of signals that detectors read, at its beginning."""
    series = Series()
    notes = Notes()
    try:
        for row in islice(FORMATS.find(log.format).rows(log, notes), COMPARED):
            series.add(row)
    except OSError:
        pass
    found: Print = {}
    for metric, values in series.values.items():
        if not signals_of(metric):
            continue
        for step, value in values.items():
            if value is not None:
                found[metric, step] = value
    return found


def same_run(log: Log, first: Print, other: Log, second: Print) -> bool:
    """Return whether two logs of different formats are of one run.

    Their numbers say so. A run that has just begun has too few: then what lies in the folder of a run is of that run,
    unless it says something else.
    """
    same, common, varies = _compare(first, second)
    if same < AGREE * common:
        return False
    return (common > 0 and varies) or lies_in(other, log)


def lies_in(log: Log, run: Log) -> bool:
    """Return whether a log lies in the folder of a run that has this folder for itself."""
    return FORMATS.find(run.format).owns_folder and log.files[0].is_relative_to(run.path)


def _compare(first: Print, second: Print) -> tuple[int, int, bool]:
    """Return how many values are the same, of how many that both have; and whether some of these vary."""
    common = first.keys() & second.keys()
    same = 0
    ranges: dict[str, tuple[float, float]] = {}
    for metric, step in common:
        value = first[metric, step]
        same += math.isclose(value, second[metric, step], rel_tol=RELATIVE, abs_tol=ABSOLUTE)
        low, high = ranges.get(metric, (value, value))
        ranges[metric] = (min(low, value), max(high, value))
    return same, len(common), any(high - low > VARIES for low, high in ranges.values())
