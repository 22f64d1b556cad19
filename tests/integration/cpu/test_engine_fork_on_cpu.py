"""vLLM's engine as a fork: here a function that `multiprocessing` spawns stands for it, and a sleep for the raylet."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from still_verl.integration.cpu.engine_fork import EXECUTABLE
from still_verl.integration.cpu.fork_child import exit_status

# Spawns a child by the name of what it shall do, prints what it says of itself, and then how it ended.
PARENT = """
import json, multiprocessing, os, signal, sys, time

from still_verl.integration.cpu.engine_fork import forked


def child(queue, does):
    import setproctitle
    setproctitle.setproctitle("the engine")
    forks = "verl.trainer.main_ppo" in sys.modules
    queue.put({"pid": os.getpid(), "fork": forks, "name": os.environ.get("NAME"), "cwd": os.getcwd()})
    print("printed by the child", flush=True)
    if does == "exits":
        sys.exit(7)
    if does == "raises":
        raise ValueError("from the child")
    if does == "heeds":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
    if does != "returns":
        time.sleep(300)


if __name__ == "__main__":
    does, ended_by = sys.argv[1:]
    spawn = multiprocessing.get_context("spawn")
    with forked():
        queue = spawn.Queue()
        process = spawn.Process(target=child, args=(queue, does))
        process.start()
        said = queue.get(timeout=100)
        time.sleep(0.3)
        print(json.dumps(said | {"stand_in": process.pid}), flush=True)
        if ended_by == "terminate":
            process.terminate()
        elif ended_by == "kill":
            process.kill()
        elif ended_by == "itself":
            os.kill(said["pid"], signal.SIGKILL)
        process.join(100)
    print(json.dumps({"code": process.exitcode, "python": multiprocessing.spawn.get_executable().decode()}))
"""


@pytest.fixture(scope="module")
def raylet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The process id of one that has a server."""
    process = subprocess.Popen(["sleep", "600"])
    script = tmp_path_factory.mktemp("first") / "worker.py"
    script.write_text("")
    command = [sys.executable, "-m", "still_verl.integration.cpu.fork_server", str(script)]
    subprocess.run(command, env=os.environ | {"RAY_RAYLET_PID": str(process.pid)}, check=True, timeout=120)
    yield str(process.pid)
    process.kill()
    process.wait()


def parent(folder: Path, raylet: str, does: str, ended_by: str = "") -> "subprocess.Popen[str]":
    """Start the parent."""
    (folder / "parent.py").write_text(PARENT)
    return subprocess.Popen(
        [sys.executable, "parent.py", does, ended_by],
        cwd=folder,
        env=os.environ | {"RAY_RAYLET_PID": raylet, "NAME": "of the parent"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def is_gone(pid: int) -> bool:
    """Wait for the end of a process."""
    deadline = time.monotonic() + 20
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(pid)


@pytest.mark.parametrize(("code", "status"), [(None, 0), (0, 0), (3, 3), (-1, 255), ("a text", 1)])
def test_the_status_is_that_of_python(code: object, status: int) -> None:
    assert exit_status(SystemExit(code)) == status


@pytest.mark.process
@pytest.mark.parametrize(
    ("does", "ended_by", "code"),
    [
        ("returns", "", 0),
        ("exits", "", 7),
        ("raises", "", 1),
        ("heeds", "terminate", 5),
        ("sleeps", "terminate", -9),
        ("sleeps", "kill", -9),
        ("sleeps", "itself", -9),
    ],
)
def test_the_child_is_a_fork_and_its_parent_sees_how_it_ends(
    tmp_path: Path, raylet: str, does: str, ended_by: str, code: int
) -> None:
    process = parent(tmp_path, raylet, does, ended_by)
    output, errors = process.communicate(timeout=120)
    said, end = lines(output)
    assert said["fork"] and said["stand_in"] != said["pid"]
    assert said["name"] == "of the parent" and said["cwd"] == str(tmp_path)
    assert "printed by the child" in output
    assert ("ValueError: from the child" in errors) == (does == "raises")
    assert end == {"code": code, "python": sys.executable}
    assert is_gone(said["pid"]) and is_gone(said["stand_in"])


@pytest.mark.process
def test_the_child_ends_with_its_parent_and_has_a_name_of_its_own(tmp_path: Path, raylet: str) -> None:
    process = parent(tmp_path, raylet, "sleeps")
    assert process.stdout
    said = json.loads(next(line for line in process.stdout if line.startswith("{")))
    assert psutil.Process(said["pid"]).cmdline()[0].strip() == "the engine"
    others = [each for each in psutil.Process(process.pid).children() if each.pid != said["stand_in"]]
    assert ["resource_tracker" in " ".join(each.cmdline()) for each in others] == [True]
    assert "engine_fork" not in " ".join(others[0].cmdline())
    os.kill(said["stand_in"], signal.SIGKILL)
    assert is_gone(said["pid"])
    process.communicate(timeout=60)


@pytest.mark.process
def test_the_child_ends_with_the_raylet(tmp_path: Path) -> None:
    sleep = subprocess.Popen(["sleep", "600"])
    (tmp_path / "worker.py").write_text("")
    command = [sys.executable, "-m", "still_verl.integration.cpu.fork_server", str(tmp_path / "worker.py")]
    subprocess.run(command, env=os.environ | {"RAY_RAYLET_PID": str(sleep.pid)}, check=True, timeout=120)
    process = parent(tmp_path, str(sleep.pid), "sleeps")
    assert process.stdout
    said = json.loads(next(line for line in process.stdout if line.startswith("{")))
    sleep.kill()
    sleep.wait()
    assert is_gone(said["pid"])
    assert json.loads(process.communicate(timeout=60)[0])["code"] == -signal.SIGKILL


@pytest.mark.process
def test_without_a_server_the_child_starts_as_it_would_have(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    process = parent(tmp_path, str(gone.pid), "exits")
    said, end = lines(process.communicate(timeout=120)[0])
    assert not said["fork"] and said["stand_in"] == said["pid"] and end["code"] == 7


def test_the_executable_may_be_executed() -> None:
    assert os.access(EXECUTABLE, os.X_OK)
