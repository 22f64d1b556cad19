"""Calls a function of a program: the arguments come as plain data on stdin, and the value goes as such to stdout."""

import builtins
import os
import sys
import threading
import types
from collections.abc import Callable
from typing import IO

from still_verl.interpreter.sandbox.inside import scripts, values

MODULE = "solution"  # what the program is called; tests import from a module of this name


def call(program: str, before: str, function: str) -> None:
    """Load a program, read the arguments, call its function, and write what it returns. Runs as a script.

    Args:
        program: Python.
        before: Python that comes before it, such as the imports that a task begins with; its own `function` is dropped.
        function: a name, or the name of a method of `class Solution`.

    Raises:
        BaseException: whatever the program raises; TypeError for a value that is no plain data.
    """
    arguments = read_all(0)
    output = keep_apart(1)
    loaded = load(program, before, function)
    value = find(loaded, function)(*values.loads(arguments.decode()))
    write_all(output, values.dumps(value).encode())


def call_each(program: str, before: str, function: str) -> None:
    """Load a program once and call its function for several lists of arguments, a line each. Runs as a script.

    Writes a line for each value. The arguments are as for `call`.

    Raises:
        BaseException: whatever the program raises; TypeError for a value that is no plain data.
    """
    lines = read_all(0).decode().splitlines()
    output = keep_apart(1)
    loaded = load(program, before, function)
    for line in lines:
        value = find(loaded, function)(*values.loads(line))
        write_all(output, values.dumps(value).encode() + b"\n")


def run_each(program: str) -> None:
    """Run a program once for each input, a line of plain data each. Runs as a script itself.

    Writes what it printed, as plain data, a line each.

    Raises:
        RuntimeError: a run failed.
        OSError: there is no place for files.
    """
    lines = read_all(0).decode().splitlines()
    output = os.dup(1)
    for line in lines:
        for fd in (0, 1):  # a program may close them, and no file below may get their numbers
            os.dup2(output, fd)
        with _file(values.loads(line).encode("utf-8", "surrogatepass")) as given, _file(b"") as printed:
            os.dup2(given.fileno(), 0)
            os.dup2(printed.fileno(), 1)
            sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)
            error = scripts.run_script(program, scripts.PROGRAM)
            if error is not None:
                raise RuntimeError(error)
            _wait_for_threads()
            printed.seek(0)
            write_all(output, values.dumps(printed.read()).encode() + b"\n")


def _file(content: bytes) -> IO[bytes]:
    """Make a file without a name, at its beginning."""
    file = open(os.open("/tmp", os.O_TMPFILE | os.O_RDWR), "w+b")
    file.write(content)
    file.seek(0)
    return file


def _wait_for_threads() -> None:
    """Wait for what a program started and left to run; Python itself does that at the end of a process only."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    sys.stdout.flush()


def keep_apart(fd: int) -> int:
    """Return a new descriptor for what `fd` leads to; the program's own input and output lead nowhere from now on."""
    kept = os.dup(fd)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    sys.stdin = open(0, closefd=False)
    return kept


def load(program: str, before: str, function: str) -> dict[str, object]:
    """Execute a program as a module and return its variables."""
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    variables = module.__dict__
    variables["__builtins__"] = builtins
    if before.strip():
        exec(compile(before, "<before>", "exec", dont_inherit=True), variables)
        variables.pop(function, None)  # a task shows what is to be written, with nothing in it
    exec(compile(program, scripts.PROGRAM, "exec", dont_inherit=True), variables)
    return variables


def find(variables: dict[str, object], function: str) -> Callable[..., object]:
    """Return a function of a program, or a method of a new object of its `class Solution`.

    Raises:
        NameError: it has neither.
    """
    found = variables.get(function)
    if found is None and "Solution" in variables:
        found = getattr(variables["Solution"](), function, None)  # type: ignore[operator]
    if found is None:
        raise NameError(f"the program defines no {function}")
    return found  # type: ignore[return-value]


def read_all(fd: int) -> bytes:
    """Read a descriptor to its end."""
    parts = []
    while part := os.read(fd, 2**20):
        parts.append(part)
    return b"".join(parts)


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data` to a descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
