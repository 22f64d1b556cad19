"""What runs inside: it receives blocks, executes them and says how they ended. Nothing here is trusted.

This file is sent to other machines as text, see `fusion.protocol.program`. So it imports only the standard library.
"""

import ast
import builtins
import gc
import io
import json
import linecache
import os
import signal
import socket
import sys
import traceback
import types

FILE = "<code>"
ERROR_CHARS = 4000  # of an error that a model reads
FRAMES = 3  # of a traceback
PACKET = 32768  # bytes of a message that brings a part of a block
MESSAGE_CHARS = 1000  # of an exception's message


def serve(data_socket: socket.socket, output_pipe: int) -> None:
    """Run blocks until the other side hangs up; call `prepare` before.

    Args:
        data_socket: brings blocks, and takes for each JSON of how it failed, if it did.
        output_pipe: a descriptor for what the blocks write; it becomes descriptors 1 and 2.
    """
    for fd in (1, 2):
        os.dup2(output_pipe, fd)
    os.close(output_pipe)
    variables = new_main()
    number = 0
    while True:
        code = _receive(data_socket)
        if code is None:
            return
        number += 1
        name = FILE if number == 1 else f"<code {number}>"
        error = run_block(code, variables, name)
        _flush()
        data_socket.send(json.dumps({"error": error}).encode())


def new_main() -> dict[str, object]:
    """Put an empty module in the place of `__main__`, and return its variables."""
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    return module.__dict__


def _receive(data_socket: socket.socket) -> str | None:
    """Return the next block: a message with its length in bytes, then its parts. None when there is none."""
    head = data_socket.recv(64)
    if not head:
        return None
    missing = int(head)
    parts = []
    while missing > 0:
        part = data_socket.recv(PACKET)
        parts.append(part)
        missing -= len(part)
    return b"".join(parts).decode("utf-8", "surrogatepass")


def prepare() -> None:
    """Make fresh streams for descriptors 1 and 2, wherever these lead later, and an input that is empty."""
    sys.stdin = open(os.devnull)
    os.dup2(sys.stdin.fileno(), 0)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), "utf-8", "backslashreplace", write_through=False)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", "backslashreplace", write_through=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    builtins.input = _no_input
    gc.enable()


def _no_input(prompt: object = "", /) -> str:
    raise EOFError("input() is not available here")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the program may have closed or replaced it
            pass


def run_block(code: str, variables: dict[str, object], name: str) -> str | None:
    """Execute a block, and show the value of its last line if that is an expression, as Python's prompt does.

    Args:
        code: the block.
        variables: what it finds, and leaves to the next one.
        name: what it is called in tracebacks.

    Returns:
        How it failed, in the words that the model reads; None when it ran to its end.
    """
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)  # for tracebacks
    try:
        body = ast.parse(code, name)
        last = None
        end = body.body[-1] if body.body else None
        if isinstance(end, ast.Expr):
            body.body.pop()
            last = ast.Expression(end.value)
        exec(compile(body, name, "exec"), variables)
        if last is not None:
            value = eval(compile(last, name, "eval"), variables)
            if value is not None:
                print(repr(value))
    except SystemExit as stop:
        if stop.code in (None, 0):
            return None
        return f"SystemExit: {stop.code}"[:ERROR_CHARS]
    except BaseException as error:
        return _safely_describe(error)
    return None


def _safely_describe(error: BaseException) -> str:
    """Describing an error runs code of the program, so that it can fail in turn."""
    try:
        return describe(error)
    except BaseException:
        return f"{type(error).__name__}: (no message)"


def describe(error: BaseException) -> str:
    """Return the last lines of a traceback, from the program's own frames on: where it was raised, and the message."""
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
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
    lines.append(message)
    return "\n".join(lines)[-ERROR_CHARS:]
