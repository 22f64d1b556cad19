"""What is said to the fork servers of Ray's workers and of vLLM's engine, see `fork_server`."""

import json
import os
import socket
import struct
from typing import NamedTuple

PATIENCE = 60  # s until a process starts without a server
MOST_FILES = 253  # of one message, the kernel's SCM_MAX_FD


class Request(NamedTuple):
    """What a fork shall become."""

    argv: list[str]  # of python: a script, -c and a program, or -m and a module; then arguments
    env: dict[str, str]
    cwd: str
    files: list[int]  # the numbers under which it gets the files that come with the request
    status: int | None  # which of these takes its exit status, for a caller that waits; it then ends with the caller


def address(owner: str) -> str:
    """Return the address of the server of a driver or a raylet, given its process id.

    It is a name outside the file system, which the kernel frees with the server.
    """
    return f"\0still_verl-fork-server-{os.getuid()}-{owner}"


class Peer(NamedTuple):
    """The process at the other end of a socket."""

    pid: int
    uid: int
    gid: int


def peer(connection: socket.socket) -> Peer:
    """Return who is at the other end."""
    return Peer(*struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)))


def ask(server: socket.socket, argv: list[str], files: list[int], status: int | None = None) -> int | None:
    """Ask for a fork with this process's environment and these files of it; return its process id, None for no fork."""
    if peer(server).uid != os.getuid():
        return None
    request = Request(argv, dict(os.environ), os.getcwd(), files, status)
    server.settimeout(PATIENCE)
    try:
        socket.send_fds(server, [b"."], files)
        server.sendall(json.dumps(request).encode())
        server.shutdown(socket.SHUT_WR)
        answer = server.recv(4)
    except OSError:  # it ended, or takes too long; it kills a fork that nobody waits for
        return None
    return int.from_bytes(answer, "little") if answer else None
