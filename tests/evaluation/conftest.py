"""A model that says what a test of programs wants."""

from collections.abc import Callable
from typing import Any

import kept_sandboxes
import pytest
from coding_engine import Coding, Speak, asked

from still_verl.evaluation.engines.base import Key


@pytest.fixture(autouse=True)
def _sandboxes_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    kept_sandboxes.keep(monkeypatch)


@pytest.fixture
def speak(monkeypatch: pytest.MonkeyPatch) -> Speak:
    """Let the model say a text for every sample, or what a function says; and set what else its engine does."""
    asked.clear()

    def set_speech(speech: str | Callable[[Key], str], **more: Any) -> None:
        say = speech if callable(speech) else lambda key: speech
        monkeypatch.setattr(Coding, "speech", staticmethod(say))
        for name, value in more.items():
            monkeypatch.setattr(Coding, name, value)

    return set_speech
