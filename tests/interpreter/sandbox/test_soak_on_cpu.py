"""A few hundred calls of the soak, one in ten of them hostile; the whole of it is benchmarks/sandbox_soak.py."""

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest

from still_verl.interpreter.sandbox.base import Limits
from still_verl.interpreter.sandbox.local.client import Local

pytestmark = pytest.mark.process

FILE = Path(__file__).parents[3] / "benchmarks" / "sandbox_soak.py"


def test_no_call_is_lost_and_nothing_is_left() -> None:
    spec = importlib.util.spec_from_file_location("sandbox_soak", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    sandbox = Local(Limits(seconds=2, flood_mb=2), allow_unsandboxed=True)
    soak = asyncio.run(module.run(sandbox, count=300, clients=32, parts=3))
    assert sum(soak.kinds.values()) == 300 and soak.kinds["ok"] >= 240 and len(soak.kinds) >= 3
    assert not soak.wrong
    assert not soak.growth(), soak.samples
