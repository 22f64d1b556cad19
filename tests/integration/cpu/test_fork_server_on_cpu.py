"""Ray's workers as forks: here a process that sleeps stands for the raylet, and a script for the worker."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from still_verl.integration.cpu.fork_request import address
from still_verl.integration.cpu.fork_server import NEEDED_FIRST, with_forkserver

WORKER = """
import json, os, random, signal, sys
import numpy
print(json.dumps({
    "argv": sys.argv, "name": os.environ.get("NAME"), "other": os.environ.get("ONLY_IN_THE_FIRST"), "cwd": os.getcwd(),
    "pid": os.getpid(), "parent": os.getppid(), "group": os.getpgrp(), "path": sys.path[0], "main": __name__,
    "main_file": sys.modules["__main__"].__file__, "imported": "verl.trainer.main_ppo" in sys.modules,
    "random": [random.random(), numpy.random.rand()], "sigchld": signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL,
}))
"""


@pytest.fixture
def raylet() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def worker(folder: Path, raylet: int, name: str, **env: str) -> dict[str, Any]:
    """What the worker `name` printed, started as Ray would."""
    folder.mkdir(exist_ok=True)
    (folder / "worker.py").write_text(WORKER)
    output = folder / f"{name}.txt"
    command = [sys.executable, "-m", "still_verl.integration.cpu.fork_server", str(folder / "worker.py"), "--x", "a b"]
    environment = os.environ | {"RAY_RAYLET_PID": str(raylet), "NAME": name} | env
    with output.open("w") as file:
        subprocess.run(command, stdout=file, cwd=folder, env=environment, check=True, timeout=120)
    deadline = time.monotonic() + 60
    while not (text := output.read_text()).endswith("\n") and time.monotonic() < deadline:
        time.sleep(0.05)
    return dict(json.loads(text))


def wait_for_server(owner: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as client:
            if client.connect_ex(address(owner)) == 0:
                return
        time.sleep(0.05)


@pytest.mark.process
def test_workers_are_forks_that_look_as_if_python_had_run_the_script(
    raylet: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    one = worker(tmp_path, raylet.pid, "one", ONLY_IN_THE_FIRST="1")
    two = worker(tmp_path, raylet.pid, "two")
    for name, found in (("one", one), ("two", two)):
        script = str(tmp_path / "worker.py")
        assert found["argv"] == [script, "--x", "a b"] and found["main"] == "__main__" and found["main_file"] == script
        assert found["name"] == name and found["cwd"] == found["path"] == str(tmp_path)
        assert found["imported"] and found["sigchld"]
        assert found["group"] == found["pid"]  # Ray kills the group of a worker
    assert one["other"] == "1" and two["other"] is None
    assert one["parent"] == two["parent"] and one["random"] != two["random"]

    for said in (b"", b".", b'.["half'):  # callers that end too early
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(address(str(raylet.pid)))
            caller.send(said)
    assert worker(tmp_path, raylet.pid, "three")["parent"] == one["parent"]

    server = psutil.Process(one["parent"])
    assert server.num_threads() <= 1 + (os.cpu_count() or 1)  # those of OpenBLAS, which mends itself after a fork
    raylet.kill()
    raylet.wait()
    server.wait(30)


def test_without_a_raylet_the_worker_starts_as_ray_would_have_started_it(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    found = worker(tmp_path, gone.pid, "alone")
    assert found["argv"][1:] == ["--x", "a b"] and found["name"] == "alone" and not found["imported"]


@pytest.mark.process
def test_the_server_of_a_raylet_is_a_fork_of_that_of_the_driver(
    raylet: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    driver = subprocess.Popen(["sleep", "600"])
    command = [sys.executable, "-m", "still_verl.integration.cpu.fork_server", "--of-driver", str(driver.pid)]
    of_driver = subprocess.Popen(command, start_new_session=True)
    wait_for_server(str(driver.pid))
    try:
        one = worker(tmp_path, raylet.pid, "one", STILL_VERL_DRIVER=str(driver.pid))
        of_raylet = psutil.Process(one["parent"])
        assert of_raylet.ppid() == of_driver.pid and one["imported"]
        two = worker(tmp_path, raylet.pid, "two", STILL_VERL_DRIVER=str(driver.pid))
        assert two["parent"] == one["parent"] and two["random"] != one["random"]
    finally:
        driver.kill()
        driver.wait()
    of_driver.wait(30)
    assert of_raylet.is_running()  # it belongs to the raylet
    raylet.kill()
    raylet.wait()
    of_raylet.wait(30)


@pytest.mark.process
def test_a_driver_whose_server_is_gone_harms_nobody(raylet: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert worker(tmp_path, raylet.pid, "one", STILL_VERL_DRIVER="1")["imported"]


@pytest.mark.process
def test_there_is_no_server_that_has_loaded_ray_before_a_raylet_is_known() -> None:
    module = "still_verl.integration.cpu.fork_server"
    program = f"import os, ray; from {module} import serve; serve(os.getppid(), (), without='ray')"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 1
    program = (
        f"import sys; from {module} import WITHOUT_RAY, preload; preload(WITHOUT_RAY); assert 'ray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


@pytest.mark.process
def test_a_driver_has_another_server_for_other_variables() -> None:
    """Pools of threads and allocators read theirs when they are loaded, by the server."""
    program = (
        "from still_verl.integration.cpu import driver_server as f\n"
        "for threads in (1, 1, 2):\n"
        "    f.start_for_driver({'OMP_NUM_THREADS': threads})\n"
        "    print(f._of_driver.process.pid)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    first, again, other = done.stdout.split()
    assert first == again != other and not Path(f"/proc/{first}").exists()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{other}").exists() and time.monotonic() < deadline:  # it ends with its driver
        time.sleep(0.1)
    assert not Path(f"/proc/{other}").exists()


def test_a_job_may_choose_how_its_workers_start() -> None:
    assert with_forkserver({"py_executable": "python"}) == {"py_executable": "python"}
    ours = with_forkserver({"py_executable": None, "env_vars": {"A": "1"}})  # what verl hands over
    assert ours["env_vars"] == {"A": "1"} and ours["py_executable"].endswith(
        " -m still_verl.integration.cpu.fork_server"
    )


@pytest.mark.process
def test_what_is_imported_exists() -> None:
    from importlib.util import find_spec

    from still_verl.integration.cpu.fork_server import NEEDED_LATER, WITHOUT_RAY

    assert [name for name in (*WITHOUT_RAY, *NEEDED_FIRST, *NEEDED_LATER) if find_spec(name) is None] == []
