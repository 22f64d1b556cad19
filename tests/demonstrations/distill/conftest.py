"""A scripted teacher, and a run of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kept_sandboxes
import pytest
from scripted_server import ScriptedServer
from scripted_teacher import doubles, teaching

from still_verl.demonstrations.distill.run import Distilled, distill
from still_verl.demonstrations.distill.settings import DistillSettings
from still_verl.demonstrations.distill.setup import Distillation, make
from still_verl.evaluation.engines.base import EngineOptions

Run = Callable[..., tuple[Distillation, Distilled]]


@pytest.fixture(autouse=True)
def _sandboxes_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    kept_sandboxes.keep(monkeypatch)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as served:
        served.write = teaching(doubles)
        yield served


@pytest.fixture
def run(tmp_path: Path, server: ScriptedServer) -> Run:
    """Distil a file of problems into `tmp_path / "run"`."""

    def distilled(file: str, concurrency: int = 8, attempts: int = 3, timeout_s: float = 20, **more: Any) -> Any:
        options = EngineOptions("scripted", server.url, concurrency, timeout_s, attempts)
        chosen = {"samples": 1, "sampling": {"max_tokens": 400}} | more
        wanted = make(DistillSettings(file, tmp_path / "run", options=options, **chosen))
        try:
            return wanted, distill(wanted)
        finally:
            wanted.engine.close()

    return distilled
