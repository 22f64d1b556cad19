"""Workers of a real Ray that are set up without Ray's library, and those that must go Ray's own way."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from still_verl.integration.cpu import worker_fork
from still_verl.integration.cpu.fork_server import python_of_workers

# Two workers of a real Ray. What starts its processes is a script that keeps what it is asked for, and runs Python.
PROGRAM = """
import json, os, sys
from still_verl.integration.cpu import worker_fork
os.environ["RAY_RUNTIME_ENV_HOOK"] = "still_verl.integration.cpu.fork_server.with_forkserver"
import ray

@ray.remote(num_cpus=0)
class Worker:
    def seen(self):
        return {name: os.environ.get(name) for name in ("GIVEN", "STILL_VERL_RAY_PYTHON")}

sys.executable = sys.argv[1]
with worker_fork.forked():
    runtime_env = {"env_vars": {"GIVEN": "a b"}}
    ray.init(num_cpus=1, include_dashboard=False, logging_level="ERROR", runtime_env=runtime_env)
assert sys.executable == sys.argv[1] and "STILL_VERL_RAY_PYTHON" not in os.environ
plain = Worker.remote()
print(json.dumps(ray.get(plain.seen.remote(), timeout=100)))
expanded = Worker.options(runtime_env={"env_vars": {"GIVEN": "${HOME}/x"}}).remote()
print(json.dumps(ray.get(expanded.seen.remote(), timeout=100)))
"""


@pytest.mark.process
def test_workers_of_a_real_ray_are_set_up_without_its_library(tmp_path: Path) -> None:
    asked = tmp_path / "asked.txt"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$@" >> {asked}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    command = [sys.executable, "-c", PROGRAM, str(python)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    plain, expanded = map(json.loads, done.stdout.splitlines()[-2:])
    assert plain == {"GIVEN": "a b", "STILL_VERL_RAY_PYTHON": None}
    assert expanded == {"GIVEN": f"{os.environ['HOME']}/x", "STILL_VERL_RAY_PYTHON": None}

    lines = asked.read_text().splitlines()
    assert sum("cpu.worker_fork" in line and "setup_worker.py" in line for line in lines) >= 2
    rays_own_way = [line for line in lines if line.startswith("-m still_verl.integration.cpu.fork_server")]
    assert len(rays_own_way) == 1  # that of the variable which Ray replaces
    assert any("runtime_env/agent" in line for line in lines)  # what is no worker is started as ever


ARGUMENTS = ["/ray/default_worker.py", "--node-ip-address=1.2.3.4", "--language=PYTHON"]


def context(**changes: Any) -> str:
    """The argument in which Ray sends a runtime environment."""
    ray_context = pytest.importorskip("ray._private.runtime_env.context").RuntimeEnvContext
    found = ray_context(env_vars={"A": "1"}, py_executable=python_of_workers())
    for name, value in changes.items():
        setattr(found, name, value)
    return f"{worker_fork.CONTEXT}{found.serialize()}"


def test_a_worker_that_asks_for_variables_alone_is_a_fork() -> None:
    worker = worker_fork.asked_for([*ARGUMENTS, context()])
    assert worker is not None and worker.environment == {"A": "1"}
    assert worker.argv == ["/ray/default_worker.py", "--node-ip-address=1.2.3.4"]
    assert worker_fork.asked_for([*ARGUMENTS, context(env_vars={})]) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"py_executable": "python"},
        {"py_executable": None},
        {"command_prefix": ["cd", "/somewhere", "&&"]},
        {"override_worker_entrypoint": "/in/the/container.py"},
        {"java_jars": ["a.jar"]},
        {"env_vars": {"A": "${PATH}:/x"}},
        {"env_vars": {"A": "$HOME"}},
        {"new_in_a_later_ray": 1},
    ],
)
def test_a_worker_that_asks_for_more_goes_rays_own_way(changes: dict[str, Any]) -> None:
    assert worker_fork.asked_for([*ARGUMENTS, context(**changes)]) is None


def test_a_worker_in_another_language_or_without_a_runtime_environment_goes_rays_own_way() -> None:
    assert worker_fork.asked_for([*ARGUMENTS[:-1], "--language=JAVA", context()]) is None
    assert worker_fork.asked_for(ARGUMENTS) is None
