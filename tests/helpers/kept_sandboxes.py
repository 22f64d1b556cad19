"""Local sandboxes that stay for the next run with the same settings: one takes seconds of processor time to start.

A program has a process of its own in any case, and a sandbox ends with the process of the tests.
"""

import pytest

from still_verl.interpreter.sandbox.local.client import Local
from still_verl.interpreter.settings import InterpreterConfig

_kept: dict[str, Local] = {}


class Kept(Local):
    def close(self) -> None:
        """Stay: the next run has the same."""


def keep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each run of a test the sandbox of an earlier one with its settings."""
    make = Local.from_settings.__func__  # type: ignore[attr-defined]

    def from_settings(settings: InterpreterConfig) -> Local:
        key = repr(settings)
        if key not in _kept:
            _kept[key] = make(Kept, settings)
        return _kept[key]

    monkeypatch.setattr(Local, "from_settings", from_settings)
