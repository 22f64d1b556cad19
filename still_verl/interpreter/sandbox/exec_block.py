"""What runs inside: it receives blocks, executes them and says how they ended. Nothing here is trusted."""

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
ERROR_CHARS = 4000
FRAMES = 3
PACKET = 32768


def serve(line: socket.socket, output_fd: int) -> None:
    """After `prepare`: run blocks that arrive on `line`, with output to `output_fd`, until the other side hangs up."""
    for fd in (1, 2):
        os.dup2(output_fd, fd)
    os.close(output_fd)
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    number = 0
    while (code := _receive(line)) is not None:
        number += 1
        error = run_block(code, module.__dict__, FILE if number == 1 else f"<code {number}>")
        _flush()
        line.send(json.dumps({"error": error}).encode())


def _receive(line: socket.socket) -> str | None:
    head = line.recv(64)
    if not head:
        return None
    wanted, parts = int(head), []
    while wanted > 0:
        parts.append(line.recv(PACKET))
        wanted -= len(parts[-1])
    return b"".join(parts).decode("utf-8", "surrogatepass")


def prepare() -> None:
    """Fresh streams for descriptors 1 and 2, wherever these lead later, and an input that is empty."""
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
    """Execute as a notebook does: the value of a last expression is shown. Returns how it failed, or None."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    try:
        body = ast.parse(code, name)
        last = body.body.pop() if body.body and isinstance(body.body[-1], ast.Expr) else None
        exec(compile(body, name, "exec"), variables)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), name, "eval"), variables)  # type: ignore[attr-defined]
            if value is not None:
                print(repr(value))
    except SystemExit as stop:
        return None if stop.code in (None, 0) else f"SystemExit: {stop.code}"[:ERROR_CHARS]
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
    """Its last lines, from the program's own frames on: where it was raised, and the message."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith("<code")]
    lines = [f"  line {f.lineno}, in {f.name}: {f.line or ''}".rstrip().rstrip(":") for f in frames[-FRAMES:]]
    if isinstance(error, SyntaxError) and str(error.filename).startswith("<code"):
        lines.append(f"  line {error.lineno}: {(error.text or '').strip()}")
        message = f"{type(error).__name__}: {error.msg}"
    else:
        message = "".join(traceback.format_exception_only(type(error), error)).strip()
    text = "\n".join([*lines, message if len(message) <= 1000 else f"{message[:500]} ... {message[-500:]}"])
    return text[-ERROR_CHARS:]
