"""An engine for tests: `--engine echo_engine.Echo`."""

from collections.abc import Iterable, Mapping
from typing import Any

from still_verl.evaluation.engines.base import Deliver, EngineError, EngineOptions, Reply, Request

asked: list[tuple[str, str, int]] = []


class Echo:
    """Answers each sample by its seed; the last ones first, as engines may."""

    fails_after = 10**9
    model = "echo"

    def __init__(self, options: EngineOptions) -> None:
        pass

    def identity(self) -> Mapping[str, Any]:
        return {"name": self.model}

    def notes(self) -> list[str]:
        return []

    def close(self) -> None:
        pass

    def generate(self, requests: Iterable[Request], deliver: Deliver) -> None:
        for number, request in enumerate(reversed(list(requests))):
            if number == self.fails_after:
                raise EngineError("it broke")
            asked.append(request.key)
            deliver(request, Reply(rf"\boxed{{{request.seed % 2}}}", "stop", 5, 0.1))
