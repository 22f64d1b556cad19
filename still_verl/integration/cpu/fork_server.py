"""Ray's workers as forks of one process that has imported what verl's workers import.

Ten processes of a job import verl, torch and vLLM, 5 to 12 s of a processor each, most of them one after the other.
Ray runs `python -m still_verl.integration.cpu.fork_server default_worker.py ARGS` in place of `python`, see
`with_forkserver`: the first such call starts the server of its raylet, each hands its request over and ends, and the
server forks. The server ends with its raylet. A worker that gets no server starts as Ray would have started it.
"""

import atexit
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
from pathlib import Path
from typing import Any

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
)
PATIENCE = 60  # s until a worker starts without a server


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
        become(serve())
    elif not hand_over():
        os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


def address() -> str:
    """Return the server's address: a name outside the file system, which the kernel frees with the server."""
    return f"\0still_verl-workers-{os.getuid()}-{os.environ['RAY_RAYLET_PID']}"


def hand_over() -> bool:
    """Ask the server, after starting it if need be, for a fork that becomes this worker; return whether one did."""
    request = json.dumps({"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}).encode()
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
            if peer_user(client) != os.getuid():
                return False
            socket.send_fds(client, [b"."], [1, 2])
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            return client.recv(1) == b"."
    return False


def start_server() -> subprocess.Popen[bytes]:
    """Start the server of this raylet. It ends by itself, with exit code 0, if there is one already."""
    command = [sys.executable, "-m", "still_verl.integration.cpu.fork_server", "--serve"]
    return start_detached(command, stderr=subprocess.DEVNULL)


def peer_user(connection: socket.socket) -> int:
    """Return the user id of the process at the other end."""
    return int(struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1])


def serve() -> dict[str, Any]:
    """Import and fork until the raylet ends; returns in each child, with what it shall become."""
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
        while True:
            ready, _, _ = select.select([listener.fileno(), raylet], [], [], 0 if later else None)
            if raylet in ready:
                sys.exit()
            if listener.fileno() in ready:
                if request := fork_for(listener.accept()[0]):
                    return request
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


def fork_for(connection: socket.socket) -> dict[str, Any] | None:
    """Fork; return the request in the child that is to become the worker, and None in the server."""
    with connection:
        if peer_user(connection) != os.getuid():
            return None
        _, files = children.receive(connection, 1, 2)
        request = json.loads(connection.makefile("rb").read())
        child = os.fork()
        if child:
            connection.sendall(b".")
            children.close_all(files)
            return None
        os.setpgid(0, 0)  # Ray kills a worker's process group
        for target, file in zip((1, 2), files, strict=True):
            os.dup2(file, target)
        children.close_all(files)
        return dict(request)


def become(request: dict[str, Any]) -> None:
    """Go on as `python SCRIPT ARGS` with the request's environment."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    atexit.register(gc.unfreeze)  # extension modules complain at exit of what was not collected
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # the standard library's generator does so by itself
    sys.argv = request["argv"]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
