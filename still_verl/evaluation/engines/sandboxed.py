"""What every engine has whose models run programs in the middle of a response: another engine, and a sandbox."""

from collections.abc import Iterable, Mapping
from typing import Any

from still_verl.evaluation.engines.base import Deliver, PartsEngine, Request
from still_verl.evaluation.engines.in_turn import Writing, write_in_turn
from still_verl.interpreter.build import build_async_sandbox
from still_verl.interpreter.settings import InterpreterConfig

# What changes how fast programs run, and not what they say.
OF_THE_MACHINE = ("url", "max_concurrent", "total_memory_mb")


class SandboxedEngine:
    """An engine with an interpreter. Which parts a response has is for `open` to say; the rest is the engine's own."""

    def __init__(self, engine: PartsEngine, settings: InterpreterConfig, at_once: int) -> None:
        """Put an interpreter on an engine.

        Args:
            engine: answers requests for parts of a response.
            settings: of the interpreter.
            at_once: responses that are written at the same time.
        """
        self._engine = engine
        self.settings = settings
        self.at_once = at_once
        self.sandbox = build_async_sandbox(settings)

    def identity(self) -> Mapping[str, Any]:
        """Return the engine's identity with the settings that change what programs say."""
        settings = vars(self.settings).copy()
        for name in OF_THE_MACHINE:
            del settings[name]
        return {**self._engine.identity(), "code": settings}

    def notes(self) -> list[str]:
        """Return the engine's notes."""
        return self._engine.notes()

    def close(self) -> None:
        """Close the engine and the sandbox."""
        self._engine.close()
        self.sandbox.close()

    def generate(self, requests: Iterable[Request], deliver: Deliver) -> None:
        """Answer all requests, see `base.Engine`.

        Raises:
            EngineError: the engine cannot go on, or no program can run.
        """
        write_in_turn(self._engine, self, requests, deliver)

    def open(self, request: Request) -> Writing:
        """Begin the response to a request."""
        raise NotImplementedError
