"""Holds back what verl says of a missing accelerator, until the job says whether it wants one.

verl looks for an accelerator when it is imported, before any setting is known. Without one it warns, and falls back to
a platform that the group `still/device=cpu` then replaces, of which it warns, too.
"""

import atexit
import logging

LOGGER = "verl.plugin.platform.platform_manager"
# How the messages begin, before their values are filled in.
MESSAGES = (
    "No supported accelerator detected",
    "Platform '%s' (%s) is registered but not available",
    "Replacing already-initialised platform",
)


class _HeldBack(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.wanted = True

    def filter(self, record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith(MESSAGES):
            return True
        if self.wanted:
            self.records.append(record)
        return False


_held_back = _HeldBack()


def hold_back() -> None:
    """Keep the messages from now on; whoever does not ask for them reads them when the process ends."""
    logging.getLogger(LOGGER).addFilter(_held_back)
    atexit.register(release)


def drop() -> None:
    """Forget the messages, those that come included: the job trains on the processor."""
    _held_back.wanted = False
    _held_back.records.clear()


def release() -> None:
    """Log the messages that were held back, and all that come: the job wants an accelerator."""
    logger = logging.getLogger(LOGGER)
    if _held_back in logger.filters and _held_back.wanted:
        logger.removeFilter(_held_back)
    for record in _held_back.records:
        logger.handle(record)
    _held_back.records.clear()
