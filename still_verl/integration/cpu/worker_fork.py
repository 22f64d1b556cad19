"""A worker of Ray as a fork, set up without Ray's library.

For every worker Ray runs `python setup_worker.py default_worker.py ARGS`, which loads Ray's library (0.6 s of a
processor) to set some variables, and then runs the job's `py_executable`, our `fork_server`. In a Ray that starts while
`forked` is on, its Python is `worker_fork.sh`, and this module stands for both. What it does not know goes Ray's own
way.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from still_verl.integration.cpu.fork_server import RAY_PYTHON, hand_over, python_of_workers

EXECUTABLE = Path(__file__).with_name("worker_fork.sh")
CONTEXT = "--serialized-runtime-env-context="
LANGUAGE = "--language="
# Parts of a runtime environment that ask for more than variables, as Ray sends them where nothing is asked for.
NOTHING_ELSE: dict[str, Any] = {"command_prefix": [], "override_worker_entrypoint": None, "java_jars": []}


@contextlib.contextmanager
def forked() -> Iterator[None]:
    """Let this module set up the workers of a Ray that starts in this block."""
    python = sys.executable
    if not os.access(EXECUTABLE, os.X_OK):
        yield
        return
    os.environ[RAY_PYTHON] = python  # the processes of Ray keep it
    sys.executable = str(EXECUTABLE)  # what Ray starts them with
    try:
        yield
    finally:
        sys.executable = python
        del os.environ[RAY_PYTHON]


class Worker(NamedTuple):
    """What Ray asks for."""

    argv: list[str]  # of python
    environment: dict[str, str]  # beside that of the raylet


def main() -> None:
    """Have the fork server make the worker, or start it as Ray would have."""
    setup, *arguments = sys.argv[1:]
    worker = asked_for(arguments)
    os.environ.pop(RAY_PYTHON, None)  # of this Ray alone, not of one that the worker may start
    if worker:
        os.environ.update(worker.environment)
        if hand_over(worker.argv):
            return
    os.execv(sys.executable, [sys.executable, setup, *arguments])


def asked_for(arguments: list[str]) -> Worker | None:
    """Read the arguments of Ray's `setup_worker.py`; None for a worker that the fork server cannot make."""
    context = None
    argv = []
    for argument in arguments:
        if argument.startswith(CONTEXT):
            context = json.loads(argument.removeprefix(CONTEXT))
        elif argument.startswith(LANGUAGE):
            if argument != f"{LANGUAGE}PYTHON":
                return None
        else:
            argv.append(argument)
    if context is None or context.pop("py_executable", None) != python_of_workers():
        return None
    environment = context.pop("env_vars", {})
    if context != NOTHING_ELSE or any("$" in value for value in environment.values()):  # Ray replaces variables
        return None
    return Worker(argv, environment)


if __name__ == "__main__":
    main()
