"""Python commands of tests as forks of one process that has imported the libraries of others, but nothing of ours.

A command that imports verl spends 5 to 8 seconds of processor time on torch, Ray and transformers before the first line
that a test is about. `warm_python_server.py` imports them once for each process of pytest, for the first command.

What a test says about a new interpreter needs a new one: what it imports, what libraries warn of and read from the
environment at their import, options before `-m`, `/proc` (a fork has the server's command line and first environment).
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

SERVER = Path(__file__).with_name("warm_python_server.py")


def run(
    arguments: Sequence[str], cwd: Path | str = ".", env: Mapping[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` (`-m module ...`, `-c code ...` or a script), and raise as `subprocess.run` does."""
    with tempfile.TemporaryDirectory(prefix="warm_python") as folder:
        outputs = [Path(folder, name) for name in ("stdout", "stderr")]
        files = [os.devnull, *map(str, outputs)]
        variables = dict(os.environ if env is None else env)
        request = {"arguments": [*arguments], "cwd": os.path.abspath(cwd), "env": variables, "files": files}
        code = ask(request | {"timeout": timeout})
        texts = [path.read_text() for path in outputs]
    if code is None:
        raise subprocess.TimeoutExpired(["python", *arguments], timeout, *texts)
    return subprocess.CompletedProcess(["python", *arguments], code, *texts)


def ask(request: dict[str, Any]) -> int | None:
    """The exit code of a process with this request; None if it took too long, and was killed with its group."""
    connection = server()
    try:
        connection.send(json.dumps(request).encode())
        code: int | None = json.loads(connection.recv(100))
        return code
    except BaseException:  # also of pytest's own timeout: no later command may get this answer
        connection.close()
        server.cache_clear()
        raise


@cache
def server() -> socket.socket:
    """The connection to a server, which ends with this process: nothing else holds this end of it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # The threads of OpenBLAS would be the only ones beside jemalloc's, which knows what to do in a fork.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(SERVER), str(theirs.fileno())]
    null = subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdin=null, stdout=null, env=env, pass_fds=[theirs.fileno()], start_new_session=True
    )
    theirs.close()
    atexit.register(process.wait)
    atexit.register(ours.close)  # before that
    return ours
