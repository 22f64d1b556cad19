"""The process of `warm_python.py`: imports libraries, then forks for each command, until the tests end."""

import atexit
import gc
import importlib
import json
import multiprocessing.process
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import types
from contextlib import suppress
from pathlib import Path
from typing import Any

# What costs verl most of its start, but neither hydra nor omegaconf, for which our plugin waits.
LIBRARIES = (
    "aiohttp antlr4 datasets fastapi msgspec networkx peft ray ray.util.state.api tensordict torch transformers "
    "uvicorn torch._dynamo torch._inductor.lowering torchdata.stateful_dataloader vllm.config"
).split()


def serve(connection: socket.socket) -> dict[str, Any]:
    """Fork for each request, and end with the tests; a fork returns with its request."""
    while text := connection.recv(2**20):
        request = json.loads(text)
        if (pid := os.fork()) == 0:
            connection.close()
            return request
        child = os.pidfd_open(pid)
        ready, _, _ = select.select([child, connection.fileno()], [], [], request["timeout"])
        if child not in ready:  # too late, or the tests ended: the connection has nothing else to say now
            os.killpg(pid, signal.SIGKILL)
        os.close(child)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with suppress(BrokenPipeError):
            connection.send(json.dumps(code if ready else None).encode())
    os._exit(0)


def become(cwd: str, env: dict[str, str], files: list[str], **_: Any) -> None:
    """Give a fork what a new process would have been given."""
    os.setpgid(0, 0)
    for number, path in enumerate(files):
        with open(path, "ab" if number else "rb", buffering=0) as file:
            os.dup2(file.fileno(), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    tempfile.tempdir = None
    multiprocessing.process.ORIGINAL_DIR = cwd  # type: ignore[attr-defined]  # where those that it spawns start
    sys.modules["numpy"].random.seed()
    importlib.invalidate_caches()
    sys.path[:0] = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))


def start(kind: str, *arguments: str) -> None:
    """Run what stands behind `python` on a command line, as its `__main__`."""
    if kind == "-m":
        sys.argv = list(arguments)
        sys.path.insert(0, os.getcwd())
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
        return
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    if kind == "-c":
        code, name, folder, arguments = arguments[0], "<string>", "", arguments[1:]
    else:
        main.__file__ = name = os.path.abspath(kind)
        code, folder = Path(kind).read_text(), os.path.dirname(os.path.realpath(kind))
    sys.argv = [kind, *arguments]
    sys.path.insert(0, folder)
    exec(compile(code, name, "exec"), main.__dict__)


def main() -> None:
    """Be the server, and in its forks the command, which ends as any Python does: threads and exit handlers too."""
    code: Any = 1  # of an uncaught exception

    def leave() -> None:
        """Do not take all libraries apart: it takes a second, and some complain. The last of the exit handlers."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    atexit.register(leave)
    for name in LIBRARIES:
        importlib.import_module(name)
    assert not {"verl", "hydra", "omegaconf", "still_verl"} & set(sys.modules)
    gc.freeze()
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    become(**request)
    try:
        start(*request["arguments"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


if __name__ == "__main__":
    sys.path.pop(0)
    main()
