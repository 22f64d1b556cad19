"""Reads a log: all its numbers, by metric and step."""

from still_verl.logs.files import Notes
from still_verl.logs.format import Log
from still_verl.logs.registries import FORMATS
from still_verl.logs.series import Series


def read_log(log: Log) -> Series:
    """Read the numbers of a run; what was left out is in the `notes` of what is returned.

    A file that cannot be read, or not to its end, is noted, and what was read before counts.
    """
    notes = Notes()
    for text in log.notes:
        notes.add(text)
    series = Series(notes)
    try:
        for row in FORMATS.find(log.format).rows(log, notes):
            series.add(row)
    except OSError as error:
        notes.add(f"it could not be read to its end: {error}")
    return series
