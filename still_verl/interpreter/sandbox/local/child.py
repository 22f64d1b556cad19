"""One process of a sandbox, seen from outside: it is given blocks, watched, and ended."""

import json
import os
import select
import socket
import struct
import time
from dataclasses import dataclass

from still_verl.interpreter.sandbox.base import TOO_LONG, Limits, Outcome, as_bytes, as_text, exit_error, is_too_long
from still_verl.interpreter.sandbox.exec_block import PACKET, SCRIPT
from still_verl.interpreter.sandbox.local.footprint import private_bytes
from still_verl.processes import after_fork

_READ_BYTES = 65536
_PAUSE_S = 0.005  # between two readings of output; one for each line that is printed would keep a processor busy
_LITTLE = 16384  # bytes: a pipe that holds more is read again at once
_CREDENTIALS = struct.Struct("iii")  # process, user, group
_MAX_STRAYS = 100  # messages of a program for blocks that are over
_DAMAGED = "the program damaged its interpreter"


@dataclass
class Ends:
    """One side's ends of what connects a child with the outside.

    Attributes:
        control_socket: between the server and the client: how the child ended, and signals for it.
        data_socket: between the child and the client: blocks, and how each ended.
        output_pipe: what the child writes to stdout and stderr.
    """

    control_socket: socket.socket
    data_socket: socket.socket
    output_pipe: int

    def fds(self) -> list[int]:
        """Return the descriptors, in this order."""
        return [self.control_socket.fileno(), self.data_socket.fileno(), self.output_pipe]

    def close(self) -> None:
        """Close all three; the second time nothing happens."""
        self.control_socket.close()
        self.data_socket.close()
        if self.output_pipe >= 0:
            os.close(self.output_pipe)
            self.output_pipe = -1


def connect() -> tuple[Ends, Ends]:
    """Make the connections of a new child; return the client's ends and those of the other side."""
    with after_fork.FORKING:
        control_socket, their_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        data_socket, their_data = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        after_fork.close_in_child(control_socket, their_control, data_socket, their_data)
    output_pipe, their_output = os.pipe()
    os.set_blocking(output_pipe, False)
    data_socket.setblocking(False)
    data_socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)  # the kernel says which process writes
    return Ends(control_socket, data_socket, output_pipe), Ends(their_control, their_data, their_output)


class Child:
    """One process of the sandbox, seen from outside. Not for two threads at a time."""

    def __init__(self, ends: Ends) -> None:
        """Watch a process over the client's `ends`."""
        self._ends = ends
        self._block = 0  # the number of the block that runs: what the child says of another one is not about it
        self._strays = 0
        self._talks = True  # whether its data socket is open
        self._writes = True  # whether its output pipe is
        self._pid = 0  # as this process knows it, once it has reported
        self._stdin: int | None = None  # a descriptor that goes along with the first packet of a block

    def run(self, code: str, limits: Limits, stdin: int | None = None) -> Outcome:
        """Run a block. For every kind but "ok" and "error" the child is of no more use afterwards.

        Kind "lost" says that nothing is known of the child, because the server is gone or could not fork.

        Args:
            code: the block.
            limits: what it may use.
            stdin: a descriptor that the block gets a copy of as its standard input; None leaves that as it is.
        """
        output, kind, error = self._run(code, b"", limits, stdin)
        return Outcome(as_text(output), kind, error)

    def run_script(self, code: str, limits: Limits, stdin: int) -> tuple[bytes, str, str | None]:
        """Run a block as a file; return what it wrote to stdout, the kind of its end and the error.

        The kinds are those of `run`, and "exited" where its process ended with exit code 0 before its last line.
        """
        output, kind, error = self._run(code, SCRIPT, limits, stdin)
        if error == exit_error(0):
            kind = "exited"
        return output, kind, error

    def _run(self, code: str, how: bytes, limits: Limits, stdin: int | None) -> tuple[bytes, str, str | None]:
        data = as_bytes(code)
        if is_too_long(data):
            return b"", TOO_LONG.kind, TOO_LONG.error
        self._block += 1
        self._stdin = stdin
        output = bytearray()
        kind, error = self._watch(_packets(self._block, data, how), output, limits)
        return bytes(output), kind, error

    def _watch(self, packets: list[bytes], output: bytearray, limits: Limits) -> tuple[str, str | None]:
        """Send `packets` and collect `output` until the block ends, one way or another. Returns kind and error."""
        deadline = time.monotonic() + limits.seconds
        read_again = 0.0
        while True:
            now = time.monotonic()
            if now >= deadline:
                self._read_output(output)
                return "timeout", limits.timeout_error
            reading = now >= read_again
            ready = self._wait((deadline if reading else min(deadline, read_again)) - now, bool(packets), reading)
            if self._ends.output_pipe in ready and self._read_output(output) < _LITTLE:
                read_again = time.monotonic() + _PAUSE_S
            if len(output) > limits.flood_mb * 2**20:
                return "flood", limits.flood_error
            if self._ends.data_socket.fileno() in ready:
                self._send(packets)
                report = self._report()
                if report is not None:
                    self._read_output(output)
                    return report
            if self._ends.control_socket.fileno() in ready:
                status = self.status()
                self._read_output(output)
                return _ended(status)

    def _wait(self, seconds: float, sending: bool, reading: bool) -> set[int]:
        """Return the descriptors at which something happened, after `seconds` at the latest.

        What the child has closed is not waited for: the kernel would report it again and again.
        """
        poll = select.poll()
        poll.register(self._ends.control_socket, select.POLLIN)
        if self._talks:
            poll.register(self._ends.data_socket, select.POLLIN | (select.POLLOUT if sending else 0))
        if self._writes and reading:
            poll.register(self._ends.output_pipe, select.POLLIN)
        return {fd for fd, _ in poll.poll(seconds * 1000)}

    def _send(self, packets: list[bytes]) -> None:
        """Send what the socket takes now; sent packets are removed."""
        try:
            while packets:
                if self._stdin is None:
                    self._ends.data_socket.send(packets[0])
                else:
                    socket.send_fds(self._ends.data_socket, [packets[0]], [self._stdin])
                    self._stdin = None
                del packets[0]
        except OSError:  # full for now, or its end is reported on the control socket
            pass

    def _read_output(self, output: bytearray) -> int:
        """Read what is in the pipe, a megabyte at most: a program that writes without end must not hold us here.

        Returns:
            The bytes that were read.
        """
        before = len(output)
        for _ in range(16):
            try:
                part = os.read(self._ends.output_pipe, _READ_BYTES)
            except BlockingIOError:
                break
            if not part:
                self._writes = False
                break
            output += part
        return len(output) - before

    def _report(self) -> tuple[str, str | None] | None:
        """Return kind and error as the child reports them, if it does. A program may have written anything there."""
        try:
            packet, notes, _, _ = self._ends.data_socket.recvmsg(_READ_BYTES, socket.CMSG_SPACE(_CREDENTIALS.size))
        except BlockingIOError:
            return None
        except OSError:
            packet, notes = b"", []
        for _, kind, data in notes:
            if kind == socket.SCM_CREDENTIALS:
                self._pid, _, _ = _CREDENTIALS.unpack(data)
        if not packet:  # it has closed its end, or sent an empty message, which looks the same and is of no use either
            self._talks = False
            return None
        try:
            report = json.loads(packet)
            block, error = report["block"], report["error"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return "crash", _DAMAGED
        if not isinstance(block, int) or not isinstance(error, str | None) or block > self._block:
            return "crash", _DAMAGED
        if block < self._block:
            self._strays += 1
            return ("crash", _DAMAGED) if self._strays > _MAX_STRAYS else None
        return ("ok", None) if error is None else ("error", error)

    def status(self) -> int | None:
        """Return how the process ended: an exit code, a negative signal, or None when there is nobody left to tell."""
        try:
            text = self._ends.control_socket.recv(16)
        except OSError:
            return None
        return int(text) if text else None

    def private_bytes(self) -> int | None:
        """Return at most what it does not share with the server; None unless it is stopped, or nobody can tell."""
        return private_bytes(self._pid) if self._pid else None

    def freeze(self) -> None:
        """Stop it between two blocks, with every thread that it may have left running."""
        self._tell(b"stop")

    def thaw(self) -> None:
        """Let it run again."""
        self._tell(b"go")

    def _tell(self, message: bytes) -> None:
        try:
            self._ends.control_socket.send(message)
        except OSError:  # it has ended; the next block will show
            pass

    def kill(self) -> None:
        """End it, whatever it does.

        Asks the server for SIGKILL by message: closing the socket is not enough, since a process forked meanwhile may
        still hold its other end.
        """
        self._tell(b"kill")
        self._ends.close()


def _packets(block: int, data: bytes, how: bytes) -> list[bytes]:
    """Return the messages that bring a block: its number, its length in bytes and `how` as text, then its bytes."""
    packets = [b"%d %d %s" % (block, len(data), how)]
    for start in range(0, len(data), PACKET):
        packets.append(data[start : start + PACKET])
    return packets


def _ended(status: int | None) -> tuple[str, str]:
    """Return kind and error of a process that ended within a block."""
    if status is None:
        return "lost", "the sandbox's server ended"
    if status >= 0:
        return "crash", exit_error(status)
    names = {-9: "killed (too much processor time or memory)", -11: "segmentation fault", -6: "aborted"}
    return "crash", f"the process ended: {names.get(status, f'signal {-status}')}"
