"""Ray's workers as forks of one process that has imported what verl's workers import.

Ten processes of a job import verl, torch and vLLM, 5 to 12 s of a processor each, most of them one after the other.
Ray runs `python -m still_verl.integration.cpu.fork_server default_worker.py ARGS` in place of `python`, see
`with_forkserver`: the first such call starts the server of its raylet, each hands its request over and ends, and the
server forks. The server ends with its raylet. A worker that gets no server starts as Ray would have started it.

vLLM's engine is a child of one of these workers, and comes from the same server: see `engine_fork`.
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import Any, NamedTuple

from still_verl.processes import children
from still_verl.processes.fork_server import start_detached

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
PATIENCE = 60  # s until a worker starts without a server
MOST_FILES = 253  # of one message, the kernel's SCM_MAX_FD


class Request(NamedTuple):
    """What a fork shall become."""

    argv: list[str]  # a script and its arguments; or -c, a program and its arguments
    env: dict[str, str]
    cwd: str
    files: list[int]  # the numbers under which it gets the files that come with the request
    status: int | None  # which of these takes its exit status, for a caller that waits; it then ends with the caller


def with_forkserver(runtime_env: dict[str, Any] | None) -> dict[str, Any]:
    """Return a job's runtime environment with workers that are forks, unless it says how they start.

    `ray.init` calls this by the name in `RAY_RUNTIME_ENV_HOOK`.
    """
    found = dict(runtime_env or {})
    found["py_executable"] = found.get("py_executable") or f"{shlex.quote(sys.executable)} -m {__name__}"
    return found


def main() -> None:
    """Serve, or become a worker: by the server, or else as Ray would have started it."""
    if sys.argv[1:] == ["--serve"]:
        become(*serve())
    elif not hand_over():
        os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


def address() -> str:
    """Return the server's address: a name outside the file system, which the kernel frees with the server."""
    return f"\0still_verl-workers-{os.getuid()}-{os.environ['RAY_RAYLET_PID']}"


def hand_over() -> bool:
    """Ask the server, after starting it if need be, for a fork that becomes this worker; return whether one did."""
    server = None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(address())
            except ConnectionRefusedError:
                server = server or start_server()
                if server.poll():  # 0 says that another worker's server was first
                    return False
                time.sleep(0.05)
                continue
            return ask(client, sys.argv[1:], [1, 2]) is not None
    return False


def ask(server: socket.socket, argv: list[str], files: list[int], status: int | None = None) -> int | None:
    """Ask for a fork with this process's environment and these files of it; return its process id, None for no fork."""
    if peer(server).uid != os.getuid():
        return None
    request = Request(argv, dict(os.environ), os.getcwd(), files, status)
    socket.send_fds(server, [b"."], files)
    server.sendall(json.dumps(request).encode())
    server.shutdown(socket.SHUT_WR)
    answer = server.recv(4)
    return int.from_bytes(answer, "little") if answer else None


def start_server() -> subprocess.Popen[bytes]:
    """Start the server of this raylet. It ends by itself, with exit code 0, if there is one already."""
    command = [sys.executable, "-m", "still_verl.integration.cpu.fork_server", "--serve"]
    return start_detached(command, stderr=subprocess.DEVNULL)


class Peer(NamedTuple):
    """The process at the other end of a socket."""

    pid: int
    uid: int
    gid: int


def peer(connection: socket.socket) -> Peer:
    """Return who is at the other end."""
    return Peer(*struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)))


def serve() -> tuple[Request, list[int]]:
    """Import and fork until the raylet ends; returns in each child, with what it shall become and its files."""
    raylet = os.pidfd_open(int(os.environ["RAY_RAYLET_PID"]))
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(address())
        except OSError:  # another worker's server was first
            sys.exit()
        listener.listen(64)
        children.reap_automatically()
        preload(NEEDED_FIRST)
        later = list(NEEDED_LATER)
        waiting: dict[
            int, int
        ] = {}  # callers that wait for the end of their forks, and these; descriptors of processes
        while True:
            ready, _, _ = select.select([listener.fileno(), raylet, *waiting], [], [], 0 if later else None)
            for caller in waiting.keys() & set(ready):
                end(caller, waiting.pop(caller))
            if raylet in ready:
                for caller in waiting:
                    end(caller, waiting[caller])
                sys.exit()
            if listener.fileno() in ready:
                if asked := fork_for(listener.accept()[0], waiting):
                    return asked
            elif later:
                preload([later.pop(0)])


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


def fork_for(connection: socket.socket, waiting: dict[int, int]) -> tuple[Request, list[int]] | None:
    """Fork; return the request and its files in the child that is to fulfil it, and None in the server."""
    with connection:
        caller = peer(connection)
        if caller.uid != os.getuid():
            return None
        _, files = children.receive(connection, 1, MOST_FILES)
        with connection.makefile("rb") as message:
            request = Request(*json.loads(message.read()))
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


def become(request: Request, files: list[int]) -> None:
    """Go on as `python` would with the request's arguments, environment and files."""
    put_in_place(files, request.files)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    atexit.register(gc.unfreeze)  # extension modules complain at exit of what was not collected
    os.environ.clear()
    os.environ.update(request.env)
    os.chdir(request.cwd)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # the standard library's generator does so by itself
    sys.argv = request.argv
    os.setpgid(0, 0)  # Ray kills a worker's process group
    if request.status is None:
        sys.path[0] = str(Path(sys.argv[0]).parent)
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        run_program(request.status)


def put_in_place(files: list[int], numbers: list[int]) -> None:
    """Give files other numbers, whatever has these now."""
    aside = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, max(numbers) + 1) for file in files]
    children.close_all(files)
    for file, number in zip(aside, numbers, strict=True):
        os.dup2(file, number)
    children.close_all(aside)


def run_program(status: int) -> None:
    """Run the program of `python -c`, and write its exit status before this process ends with it."""
    os.set_inheritable(status, False)
    program = sys.argv.pop(1)
    main_module = types.ModuleType("__main__")
    sys.modules["__main__"] = main_module
    try:
        exec(program, main_module.__dict__)
    except SystemExit as ended:
        os.write(status, bytes([ended.code if isinstance(ended.code, int) else 1]))
        raise


if __name__ == "__main__":
    main()
