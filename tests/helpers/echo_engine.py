"""An engine for tests: `--engine echo_engine.Echo`."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from still_verl.evaluation.engines.base import Deliver, EngineError, EngineOptions, Reply, Request
from still_verl.evaluation.setup import Settings

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


def problems(tmp_path: Path, name: str = "sums", count: int = 3, text: str = "problem") -> str:
    path = tmp_path / f"{name}.jsonl"
    rows = [{"id": str(number), "problem": f"{text} {number}", "answer": "1"} for number in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def settings(tmp_path: Path, k: int = 2, **more: Any) -> Settings:
    sampling = {"k": k} | more.pop("sampling", {})
    files = more.pop("benchmarks", None) or [problems(tmp_path)]
    return Settings(files, tmp_path / "run", engine="echo_engine.Echo", sampling=sampling, **more)
