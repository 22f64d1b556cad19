"""A child of the fork server, from its fork to its end. It is confined before it waits for its request."""

import json
import os
import select
import signal
import socket
from typing import NoReturn

from still_verl.interpreter.sandbox import exec_block
from still_verl.interpreter.sandbox.local import memory
from still_verl.interpreter.sandbox.local.jail import Jail, confine
from still_verl.interpreter.sandbox.local.limits import limit
from still_verl.interpreter.sandbox.local.preload import Warm
from still_verl.processes import children

PREPARE = b"prepare"  # a message without descriptors: there is time to get ready for the request
LISTENER = b"listener"  # the child's only message: a descriptor that asks for each of its threads
_CANNOT_RUN = 70  # an exit code: EX_SOFTWARE of sysexits.h


def run(request_socket: socket.socket, jail: Jail, warm: Warm) -> NoReturn:
    """Confine this process, wait for its request, and run blocks until its client hangs up.

    Args:
        request_socket: brings one request, JSON of the limits, with two descriptors: data socket and output pipe.
        jail: the surroundings that this process was forked in.
        warm: what the server has loaded.
    """
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        trouble = _confine(jail, request_socket)
        with _keep_only(request_socket) as kept:
            message, data_socket, output_pipe = _request(kept, warm.written)
        if trouble is not None:
            os.write(output_pipe, f"the sandbox could not be closed: {trouble}".encode())
            os._exit(_CANNOT_RUN)
        request = json.loads(message)
        limit(
            jail.footprint.address_limit(request["memory_mb"] * 2**20),
            request["cpu_seconds"],
            count_processes=jail.mechanisms.kernel_counts_processes,
        )
        exec_block.serve(socket.socket(fileno=data_socket), output_pipe)
        os._exit(0)
    finally:
        os._exit(_CANNOT_RUN)  # whatever happened, a child never goes on as a second server


def _confine(jail: Jail, request_socket: socket.socket) -> OSError | None:
    """Return what went wrong, if anything did; the client learns of it when there is one."""

    def hand_over(listener: int) -> None:
        socket.send_fds(request_socket, [LISTENER], [listener])
        os.close(listener)

    try:
        confine(jail, hand_over)
    except OSError as error:
        request_socket.send(LISTENER)  # without one: the server may still wait for it
        return error
    return None


def _keep_only(request_socket: socket.socket) -> socket.socket:
    """Close every descriptor but this one, which becomes 3. `exec_block` replaces the standard ones."""
    os.dup2(request_socket.detach(), 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    return socket.socket(fileno=3)


def _request(request_socket: socket.socket, written: list[memory.Range]) -> tuple[bytes, int, int]:
    """Wait for it; meanwhile `PREPARE` may come. Raises ValueError when the server hangs up instead."""
    asked = select.poll()
    asked.register(request_socket, select.POLLIN)

    def has_arrived() -> bool:
        return bool(asked.poll(0))

    while True:
        message, fds = children.receive(request_socket, 4096, 2)
        if fds or not message:
            data_socket, output_pipe = fds
            return message, data_socket, output_pipe
        memory.copy(written, stop=has_arrived)
