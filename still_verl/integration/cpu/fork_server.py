"""Ray's workers as forks of one process that has imported what verl's workers import.

Ten processes of a job import verl, torch and vLLM, 5 to 12 s of a processor each, most of them one after the other.
Ray runs `python -m still_verl.integration.cpu.fork_server default_worker.py ARGS` in place of `python`, see
`with_forkserver`: the first such call starts the server of its raylet, each hands its request over and ends, and the
server forks. The server ends with its raylet. A worker that gets no server starts as Ray would have started it.

The server of a raylet is itself a fork of one that the driver starts before its checks (`driver_server`), so that what
needs no Ray is imported beside them and beside the start of Ray. Ray's library must not be loaded there: it reads from
the environment which raylet it belongs to. A driver of many jobs, a sweep, has one such server for all of them.

vLLM's engine is a child of one of these workers, and comes from the same server: see `engine_fork`.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from still_verl.integration.cpu.fork_child import become
from still_verl.integration.cpu.fork_request import MOST_FILES, PATIENCE, Request, address, ask, peer
from still_verl.processes import children
from still_verl.processes.fork_server import start_detached

# What is imported before there is a raylet; none of it loads Ray.
WITHOUT_RAY = ("torch", "tensordict", "transformers", "datasets", "peft", "vllm.config", "vllm.engine.arg_utils")
# In the order in which a job's processes need them.
NEEDED_FIRST = ("verl.trainer.main_ppo", "verl.trainer.ppo.v1")
NEEDED_LATER = (
    "transfer_queue",
    "verl.workers.engine_workers",
    "verl.workers.engine.fsdp",
    "verl.experimental.reward_loop",
    "verl.experimental.agent_loop",
    "vllm.config",
    "vllm.engine.arg_utils",
    "vllm.v1.engine.async_llm",
    "vllm.entrypoints.openai.api_server",
    "verl.workers.rollout.vllm_rollout.vllm_async_server",
    "vllm.v1.worker.cpu_worker",
)
OF_DRIVER = "STILL_VERL_DRIVER"  # the process id of a driver that has a server
OPTIONS = ("-s", "-S")  # of the driver's Python, which Ray gives to its workers too
RAY_PYTHON = "STILL_VERL_RAY_PYTHON"  # the Python of a Ray whose workers `worker_fork` sets up


def with_forkserver(runtime_env: dict[str, Any] | None) -> dict[str, Any]:
    """Return a job's runtime environment with workers that are forks, unless it says how they start.

    `ray.init` calls this by the name in `RAY_RUNTIME_ENV_HOOK`.
    """
    found = dict(runtime_env or {})
    found["py_executable"] = found.get("py_executable") or python_of_workers()
    return found


def python_of_workers() -> str:
    """Return the command that Ray runs in place of `python` for a worker."""
    return f"{shlex.quote(os.environ.get(RAY_PYTHON, sys.executable))} -m still_verl.integration.cpu.fork_server"


def main() -> None:
    """Serve, or become a worker: by the server, or else as Ray would have started it."""
    match sys.argv[1:]:
        case ["--of-driver", driver]:
            become(*serve(int(driver), WITHOUT_RAY, without="ray"))
        case ["--of-raylet", raylet]:
            become(*serve(int(raylet), NEEDED_FIRST, NEEDED_LATER))
        case argv:
            if not hand_over(argv):
                os.execv(sys.executable, [sys.executable, *argv])


def hand_over(argv: list[str]) -> bool:
    """Ask the server, after starting it if need be, for a fork that becomes this worker; return whether one did.

    Args:
        argv: options of `python`, which count for a process of its own only, then a script and its arguments.
    """
    while argv[0] in OPTIONS:
        argv = argv[1:]
    raylet = os.environ["RAY_RAYLET_PID"]
    started = False
    server = None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(address(raylet))
            except ConnectionRefusedError:
                if not started:
                    server = start_server(raylet)
                    started = True
                if server and server.poll():  # 0 says that another worker's server was first
                    return False
                time.sleep(0.05)
                continue
            return ask(client, argv, [1, 2]) is not None
    return False


def start_server(raylet: str) -> "subprocess.Popen[bytes] | None":
    """Start the server of this raylet: by the driver's, or as this process's child, which is returned.

    It ends by itself, with exit code 0, if there is one already.
    """
    command = ["-m", "still_verl.integration.cpu.fork_server", "--of-raylet", raylet]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.connect(address(os.environ.get(OF_DRIVER, "")))
        if ask(client, command, []) is not None:
            return None
    return start_detached([sys.executable, *command], stderr=subprocess.DEVNULL)


def serve(owner: int, first: Sequence[str], later: Sequence[str] = (), without: str = "") -> tuple[Request, list[int]]:
    """Fork until the owner ends; returns in each child, with what it shall become and its files.

    Args:
        owner: the process id of a driver or a raylet.
        first: modules to import before the first fork.
        later: modules to import while nobody waits.
        without: a module that `first` must not have loaded; else there is no server.
    """
    owner_ends = os.pidfd_open(owner)
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(address(str(owner)))
        except OSError:  # another worker's server was first
            sys.exit()
        listener.listen(64)
        children.reap_automatically()
        preload(first)
        if without in sys.modules:
            sys.exit(1)
        modules = list(later)
        waiting: dict[int, int] = {}  # callers that wait, and the forks that they wait for: descriptors of processes
        while True:
            ready, _, _ = select.select([listener.fileno(), owner_ends, *waiting], [], [], 0 if modules else None)
            for caller in waiting.keys() & set(ready):
                end(caller, waiting.pop(caller))
            if owner_ends in ready:
                for caller in waiting:
                    end(caller, waiting[caller])
                sys.exit()
            if listener.fileno() in ready:
                if asked := fork_for(listener.accept()[0], waiting):
                    return asked
            elif modules:
                preload([modules.pop(0)])


def preload(modules: Any) -> None:
    """Import; a module that fails to fails again in the worker that needs it, where the error is seen."""
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception:
            continue
    gc.freeze()  # a collection in a child would touch, and so copy, every page


def end(caller: int, fork: int) -> None:
    """Kill the fork of a caller that has ended, if it has not ended as well."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(fork, signal.SIGKILL)
    children.close_all([caller, fork])


def hear(connection: socket.socket) -> tuple[Request, list[int]]:
    """Return what a caller asks for, and its files.

    Raises:
        ValueError: it ended before it had said so.
    """
    _, files = children.receive(connection, 1, MOST_FILES)
    try:
        with connection.makefile("rb") as message:
            return Request(*json.loads(message.read())), files
    except ValueError:
        children.close_all(files)
        raise


def fork_for(connection: socket.socket, waiting: dict[int, int]) -> tuple[Request, list[int]] | None:
    """Fork; return the request and its files in the child that is to fulfil it, and None in the server."""
    with connection:
        caller = peer(connection)
        if caller.uid != os.getuid():
            return None
        try:
            request, files = hear(connection)
        except (OSError, ValueError):  # the caller has ended
            return None
        child = os.fork()
        if not child:
            return request, files
        children.close_all(files)
        try:
            connection.sendall(child.to_bytes(4, "little"))
            if request.status is not None:
                waiting[os.pidfd_open(caller.pid)] = os.pidfd_open(child)
        except OSError:  # the caller has ended meanwhile
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return None


if __name__ == "__main__":
    main()
