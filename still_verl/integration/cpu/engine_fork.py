"""vLLM's engine as a fork of the server that Ray's workers are forks of, see `fork_server`.

vLLM starts its engine as `multiprocessing` does: a new Python, which imports torch and vLLM again (7 s of a processor).
While `forked` is on, the Python of such a child is `engine_fork.sh`, which runs this module: it hands the child's
command, environment and files over to the server and stays as the child's process, so that its parent can wait for it,
and send it signals. Where there is no server, the child starts as it would have.

The engine is killed when its stand-in ends, and the stand-in ends as the engine did.
"""

import contextlib
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Iterator
from multiprocessing import resource_tracker, spawn
from pathlib import Path

from still_verl.integration.cpu.fork_request import MOST_FILES, address, ask
from still_verl.processes import children

EXECUTABLE = Path(__file__).with_name("engine_fork.sh")
PYTHON = "STILL_VERL_ENGINE_PYTHON"  # what `EXECUTABLE` runs


@contextlib.contextmanager
def forked() -> Iterator[None]:
    """Let children that `multiprocessing` spawns in this block be forks of the server of this process's raylet."""
    python = os.fsdecode(spawn.get_executable() or sys.executable)
    if not os.access(EXECUTABLE, os.X_OK):
        yield
        return
    resource_tracker.ensure_running()  # it is started with the same executable, and shall outlive the engine
    os.environ[PYTHON] = python
    multiprocessing.set_executable(str(EXECUTABLE))
    try:
        yield
    finally:
        multiprocessing.set_executable(python)
        del os.environ[PYTHON]


def main() -> None:
    """Have the server start the process that this one was to be, and end as it does."""
    python = os.environ.pop(PYTHON)
    command = sys.argv[sys.argv.index("-c") :]  # without the interpreter's options: those of the server count
    files = sorted(int(name) for name in os.listdir("/proc/self/fd"))
    files = [file for file in files if is_open(file)]  # not that of the folder
    ended, status = os.pipe()
    fork = None
    if "RAY_RAYLET_PID" in os.environ and len(files) < MOST_FILES:
        fork = hand_over(command, [*files, status], status)
    if not fork:
        os.execv(python, [python, *sys.argv[1:]])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: pass_on(fork, number))
    children.close_all([*files, status])  # the parent reads the end of some when the engine has ended
    code = os.read(ended, 1)
    os.read(ended, 1)  # it has written its status, and now ends
    if not code:
        os.kill(os.getpid(), signal.SIGKILL)  # as it was
    os._exit(code[0])


def is_open(file: int) -> bool:
    """Say whether there is a file of this number."""
    try:
        os.fstat(file)
    except OSError:
        return False
    return True


def pass_on(process: int, number: int) -> None:
    """Send a signal to a process, which may have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)


def hand_over(command: list[str], files: list[int], status: int) -> int | None:
    """Return the process id of a fork that has these files; None where there is no server."""
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(address(os.environ["RAY_RAYLET_PID"]))
        except ConnectionRefusedError:
            return None
        return ask(server, command, files, status)


if __name__ == "__main__":
    main()
