"""Says once for each right answer that it cannot be read: every response to its row would repeat it."""

import logging
import threading

from still_verl.rewards.sample import Sample

MOST = 100  # different right answers that a process reports; a file that has more has one fault in many rows

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_reported: set[str] = set()


def report_once(sample: Sample) -> None:
    """Log the right answer of a sample and where in the data it stands, unless this process has done so."""
    fault = sample.gold_fault or f"ground_truth={sample.references!r:.80} is nothing once it is written plainly"
    with _lock:
        if fault in _reported or len(_reported) >= MOST:
            return
        _reported.add(fault)
    _log.error("still_verl: no response to this row is paid: %s (%s)", fault, _row_of(sample))


def _row_of(sample: Sample) -> str:
    """Where a sample stands in the data, as far as its columns say."""
    index = sample.extra_info.get("index", "unknown")
    prompt = " ".join(sample.prompt.split())
    return f"data_source={sample.data_source or 'unknown'}, index={index}, prompt={prompt[-80:]!r}"
