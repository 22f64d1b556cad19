"""A few hundred calls of the soak, one in ten of them hostile; the whole of it is benchmarks/sandbox_soak.py."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.process

FILE = Path(__file__).parents[3] / "benchmarks" / "sandbox_soak.py"


def loaded() -> ModuleType:
    """The benchmark, which is no module of the package."""
    spec = importlib.util.spec_from_file_location("sandbox_soak", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_no_call_is_lost_and_nothing_is_left() -> None:
    """In a process of its own: what a worker of pytest still holds of other tests is no leak of the sandbox."""
    command = [sys.executable, FILE, "--calls", "300", "--clients", "32", "--allow-unsandboxed"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    (kinds,) = re.findall(r"\{.*\}", done.stdout)
    counts = ast.literal_eval(kinds)
    assert sum(counts.values()) == 300 + loaded().WARM_UP and counts["ok"] >= 400 and len(counts) >= 3


def test_a_leak_is_seen_and_noise_is_not() -> None:
    module = loaded()
    steady = [module.Sample(n, 0, 4, 20, 10, 60.0 + n % 3, 50.0) for n in range(10)]
    leaking = [module.Sample(n, 0, 4, 20 + n, 10, 60.0 + 5 * n, 50.0) for n in range(10)]
    settling = [module.Sample(n, 0, 4, 20, 10, 60.0 + min(n, 3) * 5, 50.0) for n in range(10)]
    one_step = [module.Sample(n, 0, 4, 20, 10, 60.0, 33.4 + 6 * (n > 4)) for n in range(10)]
    one_late = [module.Sample(n, 0, 4 + (n == 9), 20, 10, 60.0, 50.0) for n in range(10)]
    assert module.Soak(leaking).growth() == ["server_fds", "server_mb"]
    assert [module.Soak(samples).growth() for samples in (steady, settling, one_step, one_late)] == [[], [], [], []]
