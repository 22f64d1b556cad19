"""What several tests of the reward by tests share."""

from typing import Any

import pytest

from still_verl.interpreter.sandbox.local.client import Local


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What each process of a program gets to read; they are run for real."""
    found: list[bytes] = []
    real = Local.run_script

    def counted(self: Local, code: str, stdin: bytes = b"", seconds: float | None = None) -> Any:
        found.append(stdin)
        return real(self, code, stdin, seconds)

    monkeypatch.setattr(Local, "run_script", counted)
    return found
