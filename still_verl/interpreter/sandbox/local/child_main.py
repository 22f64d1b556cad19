"""A child of the fork server, from its fork to its end. It is closed in before it waits for its order."""

import json
import os
import select
import signal
import socket
from typing import NoReturn

from still_verl.interpreter.sandbox import exec_block
from still_verl.interpreter.sandbox.local import jail, memory


def live(door: socket.socket, cell: jail.Cell, written: list[memory.Range]) -> NoReturn:
    """Close this process in, wait for the order that comes through `door`, and run blocks until its client hangs up.

    `written`: memory that most programs write to; it is copied while there is time.
    """
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        trouble = _close_in(cell)
        with _keep_only(door) as kept:
            exec_block.prepare()
            message, line, output = _order(kept, written)
        if trouble is not None:
            os.write(output, f"the sandbox could not be closed: {trouble}".encode())
            os._exit(70)
        order = json.loads(message)
        jail.limit(
            cell.own_bytes + order["memory_mb"] * 2**20,
            order["cpu_seconds"],
            count_processes=cell.mechanisms.namespaces,
        )
        exec_block.serve(socket.socket(fileno=line), output)
        os._exit(0)
    finally:
        os._exit(70)  # whatever happened, a child never goes on as a second server


def _close_in(cell: jail.Cell) -> OSError | None:
    try:
        jail.enter(cell)
    except OSError as error:
        return error
    return None


def _keep_only(door: socket.socket) -> socket.socket:
    """Close every descriptor but this one, which becomes 3. Standard ones are replaced by the notebook."""
    os.dup2(door.detach(), 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    return socket.socket(fileno=3)


def _order(door: socket.socket, written: list[memory.Range]) -> tuple[bytes, int, int]:
    """Wait for it. A message without descriptors says that there is time to prepare."""
    asked = select.poll()
    asked.register(door, select.POLLIN)
    while True:
        message, fds, _, _ = socket.recv_fds(door, 4096, 2)
        if fds or not message:
            line, output = fds
            return message, line, output
        memory.copy(written, stop=lambda: bool(asked.poll(0)))
