"""The first lines of an interpreter under `bwrap`. It sees only a few folders of this package, and no caller's side."""

import os
import socket
from typing import NoReturn

from still_verl.interpreter.sandbox import exec_block
from still_verl.interpreter.sandbox.local import filetree, jail, landlock, limits
from still_verl.interpreter.sandbox.local.tiers import Mechanisms


def main(data_socket: int, output_pipe: int, address_mb: int, cpu_seconds: int | None) -> NoReturn:
    """Give up what `bwrap` has left to this process, then run blocks until the client hangs up.

    Args:
        data_socket: the descriptor that brings blocks.
        output_pipe: the descriptor for what they write.
        address_mb: address space in MiB, the interpreter's included.
        cpu_seconds: of processor time; None is without end.
    """
    limits.limit(address_mb * 2**20, cpu_seconds, count_processes=True)
    readable = landlock.open_paths([*filetree.readable_paths(), *filetree.DEVICES])
    writable = landlock.open_paths([filetree.NULL])
    jail.drop_privileges(Mechanisms.everything(), readable, writable)
    landlock.close([*readable, *writable])
    exec_block.prepare()
    exec_block.serve(socket.socket(fileno=data_socket), output_pipe)
    os._exit(0)
