"""Describes how a block failed: where, the message, and what to do if the sandbox is the reason."""

import contextlib
import errno
import io
import os
import sys
import traceback

ERROR_CHARS = 4000  # of an error that a model reads
FRAMES = 3  # of a traceback
MESSAGE_CHARS = 1000  # of an exception's message

_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)

# What a library that failed wanted, by a part of its file's name; and what to do instead.
_REASONS = (
    (
        ("/multiprocessing/", "/subprocess.py", "/concurrent/futures/process.py", "/joblib/"),
        "Programs cannot start other processes here: use a loop, or threads (concurrent.futures.ThreadPoolExecutor).",
    ),
    (("/socket.py", "/ssl.py", "/urllib/", "/http/"), "Programs have no network here."),
)


def failure(error: BaseException) -> str | None:
    """Describe what ended a program; None for an exit that reports success."""
    if isinstance(error, SystemExit):
        if error.code in (None, 0):
            return None
        return f"SystemExit: {error.code}"[:ERROR_CHARS]
    return safely_described(error)


def safely_described(error: BaseException) -> str:
    """Describe an error. That runs code of the program, so that it can fail in turn."""
    try:
        return describe(error)
    except BaseException:
        return f"{type(error).__name__}: (no message)"


def describe(error: BaseException) -> str:
    """Return the last lines of a traceback, from the program's own frames on: where it was raised, and the message."""
    frames = []
    files = []
    for frame in traceback.extract_tb(error.__traceback__):
        files.append(frame.filename)
        if frame.filename.startswith("<code"):
            frames.append(frame)
    lines = []
    for frame in frames[-FRAMES:]:
        lines.append(f"  line {frame.lineno}, in {frame.name}: {frame.line or ''}".rstrip().rstrip(":"))
    if isinstance(error, SyntaxError) and str(error.filename).startswith("<code"):
        lines.append(f"  line {error.lineno}: {(error.text or '').strip()}")
        message = f"{type(error).__name__}: {error.msg}"
    else:
        message = "".join(traceback.format_exception_only(type(error), error)).strip()
    if len(message) > MESSAGE_CHARS:
        half = MESSAGE_CHARS // 2
        message = f"{message[:half]} ... {message[-half:]}"
    lines.append(message + _suggestion(error, message))
    lines += _advice(error, files)
    return "\n".join(lines)[-ERROR_CHARS:]


def _suggestion(error: BaseException, message: str) -> str:
    """Return Python's own "Did you mean", which it makes only where it prints an error itself."""
    if not isinstance(error, NameError | AttributeError) or "Did you mean" in message:
        return ""
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
        sys.__excepthook__(type(error), error, error.__traceback__)
    last = printed.getvalue().strip().rpartition("\n")[2]
    _, found, name = last.partition(". Did you mean: ")
    return found + name


def _advice(error: BaseException, files: list[str]) -> list[str]:
    """Say what this place does not offer, if that is why a library failed or a file was refused."""
    if not isinstance(error, OSError | ImportError):
        return []
    for parts, advice in _REASONS:
        for file in files:
            if any(part in file for part in parts):
                return [advice]
    if isinstance(error, OSError) and error.filename is not None and error.errno in _REFUSED:
        if os.access(os.curdir, os.W_OK):
            return [f"Programs can read installed packages, and can write files in {os.getcwd()} only."]
        return ["Programs can read installed packages, and cannot write files here."]
    return []
