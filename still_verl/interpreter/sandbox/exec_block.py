"""What runs inside: it receives blocks, lets `inside.cells` execute them, and says how they ended. Nothing is trusted.

This file is sent to other machines as text, see `fusion.protocol.program`. So it imports only the standard library, and
modules of `inside`.
"""

import builtins
import gc
import io
import json
import os
import signal
import socket
import sys
import types

from still_verl.interpreter.sandbox.inside import cells, imports, scripts

FILE = "<code>"
PACKET = 32768  # bytes of a message that brings a part of a block
SCRIPT = b"script"  # the third word of a block's first message, where the block is run as a file and not as a cell

_INPUT = builtins.input


def serve(data_socket: socket.socket, output_pipe: int) -> None:
    """Run blocks until the other side hangs up; call `prepare` before.

    Args:
        data_socket: brings blocks, and takes for each JSON of its number and how it failed, if it did.
        output_pipe: a descriptor for what the blocks write; it becomes descriptors 1 and 2.
    """
    for fd in (1, 2):
        os.dup2(output_pipe, fd)
    os.close(output_pipe)
    gc.enable()
    variables = new_main()
    while True:
        received = _receive(data_socket)
        if received is None:
            return
        number, code, is_script = received
        name = FILE if number == 1 else f"<code {number}>"
        if is_script:
            error = scripts.run_script(code, name)
        else:
            error = cells.run_block(code, variables, name)
            flush()
        data_socket.send(json.dumps({"block": number, "error": error}).encode())


def new_main() -> dict[str, object]:
    """Put an empty module in the place of `__main__`, and return its variables."""
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    return module.__dict__


def _receive(data_socket: socket.socket) -> tuple[int, str, bool] | None:
    """Return the next block, None at the end: its number, its text, and whether it is a script.

    It comes as a message with its number and its length in bytes, and a descriptor if it has an input of its own; then
    its parts.
    """
    head, fds, _, _ = socket.recv_fds(data_socket, 64, 1)
    for fd in fds:
        use_input(fd)
    if not head:
        return None
    number, length, *how = head.split()
    missing = int(length)
    parts = []
    while missing > 0:
        part = data_socket.recv(PACKET)
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return int(number), b"".join(parts).decode("utf-8", "surrogatepass"), how == [SCRIPT]


def use_input(fd: int) -> None:
    """Make a descriptor the input of the program: descriptor 0, and what Python reads there."""
    if fd != 0:
        os.dup2(fd, 0)
        os.close(fd)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    builtins.input = _INPUT


def prepare() -> None:
    """Make fresh streams for descriptors 1 and 2, wherever these lead later, an input that is empty, and what else a
    program finds that is not plain Python.

    What a program writes goes out at once, so that it is not lost when its process ends.
    """
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    sys.stdin = open(0, closefd=False)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), "utf-8", "backslashreplace", write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", "backslashreplace", write_through=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    builtins.input = _no_input
    builtins.display = cells.display  # type: ignore[attr-defined]
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)  # mathematics has long numbers; the limit is for servers
    imports.find_written_modules()


def _no_input(prompt: object = "", /) -> str:
    raise EOFError("input() is not available here")


def flush() -> None:
    """Write out what a program's own streams still hold."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the program may have closed or replaced it
            pass
