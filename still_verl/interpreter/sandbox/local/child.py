"""One process of a sandbox, seen from outside: it is given blocks, watched, and ended."""

import json
import os
import select
import socket
import time

from still_verl.interpreter.sandbox.base import Limits, Result, Tier, as_text, clip
from still_verl.interpreter.sandbox.exec_block import ERROR_CHARS, PACKET

CODE_MB = 1


class Child:
    """One process of the sandbox, seen from outside. Not for two threads at a time."""

    def __init__(self, post: socket.socket, line: socket.socket, output: int) -> None:
        self._post = post
        self._line = line
        self._output = output
        line.setblocking(False)

    def run(self, code: str, limits: Limits) -> tuple[bytes, str, str | None]:
        """Output, kind and error of a block. For every kind but "ok" and "error" the child is of no more use.

        "lost" says that nothing is known of the child, because the server is gone or could not fork.
        """
        deadline = time.monotonic() + limits.seconds
        output = bytearray()
        data = code.encode("utf-8", "surrogatepass")
        if len(data) > CODE_MB * 2**20:
            return b"", "error", f"the program is longer than {CODE_MB} MiB"
        packets = [b"%d" % len(data), *(data[i : i + PACKET] for i in range(0, len(data), PACKET))]
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return bytes(output), "timeout", f"stopped after {limits.seconds:g} seconds"
            ready = self._wait(left, bool(packets))
            self._read_output(output)
            if len(output) > limits.flood_mb * 2**20:
                return bytes(output), "flood", f"stopped after writing {limits.flood_mb} MiB"
            if packets and self._line.fileno() in ready:
                self._send(packets)
            if self._line.fileno() in ready and (report := self._report()) is not None:
                self._read_output(output)
                return bytes(output), *report
            if self._post.fileno() in ready:
                return self._ended(output)

    def _wait(self, seconds: float, sending: bool) -> set[int]:
        poll = select.poll()
        poll.register(self._line, select.POLLIN | (select.POLLOUT if sending else 0))
        poll.register(self._post, select.POLLIN)
        poll.register(self._output, select.POLLIN)
        return {fd for fd, _ in poll.poll(seconds * 1000)}

    def _send(self, packets: list[bytes]) -> None:
        try:
            while packets:
                self._line.send(packets[0])
                del packets[0]
        except OSError:  # full for now, or its end is reported on the post
            pass

    def _read_output(self, output: bytearray) -> None:
        """What is in the pipe, a megabyte at most: a program that writes without end must not hold us here."""
        for _ in range(16):
            try:
                part = os.read(self._output, 65536)
            except BlockingIOError:
                return
            if not part:
                return
            output += part

    def _report(self) -> tuple[str, str | None] | None:
        """What the child says of its block. Its words are a program's, so that anything may be in them."""
        try:
            packet = self._line.recv(65536)
        except BlockingIOError:
            return None
        except OSError:
            packet = b""
        if not packet:
            return None  # its end is reported on the post
        try:
            error = json.loads(packet)["error"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return "crash", "the program damaged its interpreter"
        if error is None:
            return "ok", None
        return ("error", error) if isinstance(error, str) else ("crash", "the program damaged its interpreter")

    def _ended(self, output: bytearray) -> tuple[bytes, str, str | None]:
        status = self.status()
        self._read_output(output)
        if status is None:
            return bytes(output), "lost", "the sandbox's server ended"
        return bytes(output), "crash", _last_words(status)

    def status(self) -> int | None:
        """How the process ended: an exit code, a negative signal, or None when there is nobody left to tell."""
        try:
            word = self._post.recv(16)
        except OSError:
            return None
        return int(word) if word else None

    def freeze(self) -> None:
        """Stop it between two blocks, with every thread that it may have left running."""
        self._tell(b"stop")

    def thaw(self) -> None:
        """Let it run again. Reports that nobody asked for are thrown away."""
        try:
            while self._line.recv(65536):
                pass
        except OSError:
            pass
        self._tell(b"go")

    def _tell(self, word: bytes) -> None:
        try:
            self._post.send(word)
        except OSError:  # it has ended; the next block will show
            pass

    def kill(self) -> None:
        """End it, whatever it does. A word, because a process forked meanwhile may hold our end open."""
        self._tell(b"kill")
        self._post.close()
        self._line.close()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1


def result(started: float, told: tuple[bytes, str, str | None], limits: Limits, tier: Tier) -> Result:
    """What `Child.run` told, shortened as the limits say. `started` is a time of the monotonic clock."""
    output, kind, error = told
    shown = clip(as_text(output), limits.output_chars)
    return Result(shown, None if error is None else clip(error, ERROR_CHARS), kind, time.monotonic() - started, tier)


def _last_words(code: int) -> str:
    if code >= 0:
        return f"the program ended its process with exit code {code}"
    names = {-9: "killed (too much processor time or memory)", -11: "segmentation fault", -6: "aborted"}
    return f"the process ended: {names.get(code, f'signal {-code}')}"
