"""Executes a program as `python FILE` does: no value is shown, and what waits for the end of a program happens then."""

import atexit
import builtins
import gc
import io
import os
import sys
import threading
import types

from still_verl.interpreter.sandbox.inside import errors

_DEVICES = {"/dev/stdin": 0, "/dev/stdout": 1}  # programs find no such files where there is no /proc
_OPEN = builtins.open
PROGRAM = "<code>"  # what a program is called in tracebacks


def run_script(code: str, name: str) -> str | None:
    """Execute a program as a file, whose stdout alone goes where the output goes.

    Args:
        code: the program.
        name: what it is called in tracebacks.

    Returns:
        How it failed, in words that a model may read; None when it ran to its end, or ended itself with exit code 0.
    """
    streams = _fresh_streams()
    builtins.open = _open  # type: ignore[assignment]
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __file__=name)
    sys.modules["__main__"] = main
    error = _failure(code, main.__dict__, name)
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # waits for its threads, as Python does at the end
        atexit._run_exitfuncs()
        _flush(sys.stdout, *streams)
        # A file over descriptor 1 that the program made writes its last bytes when it is gone.
        main.__dict__.clear()
        gc.collect()
    except BaseException as late:
        return error or errors.safely_described(late)
    return error


def _fresh_streams() -> list[io.TextIOWrapper]:
    """Put streams in place that keep what is written for a while, as those of a process whose output is no terminal."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    stdout = _OPEN(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    stderr = _OPEN(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    for name, stream in (("stdin", sys.stdin), ("stdout", stdout), ("stderr", stderr)):
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    return [stdout, stderr]


def _open(file: object, *args: object, **options: object) -> object:
    """Open a file as `open` does, and the streams by the names that they have elsewhere."""
    if isinstance(file, str) and file in _DEVICES:
        file = os.dup(_DEVICES[file])
    return _OPEN(file, *args, **options)  # type: ignore[call-overload]


def _failure(code: str, variables: dict[str, object], name: str) -> str | None:
    try:
        exec(compile(code, name, "exec", dont_inherit=True), variables)
    except BaseException as error:
        return errors.failure(error)
    return None


def _flush(*streams: object) -> None:
    """Write out what streams still hold; the program may have closed or replaced one."""
    for stream in streams:
        try:
            stream.flush()  # type: ignore[attr-defined]
        except (AttributeError, ValueError):
            pass
