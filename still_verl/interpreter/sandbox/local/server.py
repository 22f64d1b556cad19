"""The fork server: warm libraries, one thread, one child for each program. It never runs a line of a program itself.

It talks over a socket of SEQPACKET with the process that started it:
    client -> server  JSON of the limits, with three descriptors: `post`, `line`, `output`
    server -> client  on `post`, when the child has ended: its wait status as text
    client -> server  on `post`: b"stop", b"go"; hanging up kills the child
`line` and `output` belong to the child. It does not have `post`, so nothing that it does can look like the server.
A child gets its order, with these two descriptors, over a socket of its own that closes before a program runs.
"""

import json
import os
import selectors
import signal
import socket
import sys
from dataclasses import asdict

from still_verl.interpreter.sandbox.local import child_main, jail, memory, preload
from still_verl.interpreter.sandbox.local.tiers import probe, works

_SIGNALS = {b"stop": signal.SIGSTOP, b"go": signal.SIGCONT}


def main(control_fd: int, absent: list[str], package_root: str) -> None:
    """Serve until the parent is gone. The first message to it says which mechanisms there are."""
    control = socket.socket(fileno=control_fd)
    mechanisms = probe().without(*absent)
    if mechanisms.namespaces and not works(lambda: jail.rehearse(mechanisms)):
        mechanisms = mechanisms.without("mount")
    preload.warm_up()
    sys.path[:] = [path for path in sys.path if path and path != package_root]
    written = preload.settle()
    cell = jail.Cell(mechanisms)
    control.send(json.dumps(asdict(mechanisms)).encode())
    Server(control, cell, written).serve()


IDLE_S = 0.004  # without anything to do; then a child of the stock prepares further
PROGRAM_S = 0.008  # that most programs take; a fork beside one slows it, and can wait while the stock lasts


def stock_size() -> int:
    """Children that wait, closed in, for a program: as many as can run at once, within reason."""
    return min(8, max(2, len(os.sched_getaffinity(0))))


class Server:
    """The loop: requests from the control socket, words on posts, ends of children, and children kept in stock.

    Forking a child and closing it in takes longer than most programs. So it is done ahead, when nothing else is to do.
    A child of the stock has seen no program, and leaves the stock with the only one, or the only session, that it gets.
    """

    def __init__(self, control: socket.socket, cell: jail.Cell, written: list[memory.Range]) -> None:
        """`written`: memory that most programs write to."""
        self._control = control
        self._cell = cell
        self._written = written
        self._stock: dict[int, socket.socket] = {}  # by process id, oldest first: where its order goes
        self._missing = stock_size()
        self._unprepared: list[int] = []  # of the stock, newest last
        self._children: dict[int, socket.socket] = {}  # by process id: the post
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._request)

    def serve(self) -> None:
        ended, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._selector.register(ended, selectors.EVENT_READ, lambda: self._bury(ended))
        try:
            while True:
                events = self._selector.select(self._patience())
                for key, _ in events:
                    key.data()
                if not events:
                    self._restock() if self._missing else self._prepare()
        except EOFError:
            self._end_all()

    def _patience(self) -> float | None:
        """Seconds to wait for an event before work is done ahead; None when there is none."""
        if self._missing:
            return PROGRAM_S if self._stock else 0
        return IDLE_S if self._unprepared else None

    def _restock(self) -> None:
        self._missing -= 1
        try:
            pid, door = self._fork()
        except OSError:  # out of memory or processes; the next request will tell
            return
        self._stock[pid] = door
        self._unprepared.append(pid)

    def _prepare(self) -> None:
        """Let the oldest child that is not prepared use the time."""
        door = self._stock.get(self._unprepared.pop(0))
        if door is not None:
            try:
                door.send(b"prepare")
            except OSError:  # somebody killed it
                pass

    def _request(self) -> None:
        message, fds, _, _ = socket.recv_fds(self._control, 4096, 3)
        if not message:
            raise EOFError
        post, line, output = fds
        try:
            self._adopt(self._give(message, [line, output]), socket.socket(fileno=os.dup(post)))
        except OSError:
            pass  # hanging up tells the client
        for fd in fds:
            os.close(fd)
        self._missing = stock_size() - len(self._stock)
        self._unprepared = [pid for pid in self._unprepared if pid in self._stock]

    def _adopt(self, pid: int, post: socket.socket) -> None:
        self._children[pid] = post
        self._selector.register(post, selectors.EVENT_READ, lambda: self._hear(pid, post))

    def _give(self, order: bytes, fds: list[int]) -> int:
        """Hand an order to the oldest child of the stock, or to a new one. OSError when none can be forked."""
        while self._stock:
            pid = next(iter(self._stock))
            with self._stock.pop(pid) as door:
                try:
                    socket.send_fds(door, [order], fds)
                except OSError:  # somebody killed it
                    continue
            return pid
        pid, door = self._fork()
        with door:
            socket.send_fds(door, [order], fds)
        return pid

    def _fork(self) -> tuple[int, socket.socket]:
        """A new child and the socket on which it waits for its order."""
        door, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with inside:
            pid = -1
            try:
                pid = self._cell.fork()
            finally:
                if pid == 0:
                    child_main.live(inside, self._cell, self._written)
                elif pid < 0:
                    door.close()
        return pid, door

    def _hear(self, pid: int, post: socket.socket) -> None:
        if self._children.get(pid) is not post:  # buried by an earlier event of the same round
            return
        try:
            word = post.recv(16)
        except OSError:
            word = b""
        if word in _SIGNALS:
            os.kill(pid, _SIGNALS[word])
        else:
            self._selector.unregister(post)
            _kill(pid)

    def _bury(self, ended: int) -> None:
        os.read(ended, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._stock:
                self._stock.pop(pid).close()
            elif pid in self._children:  # else an orphan of a child without a pid namespace
                self._farewell(self._children.pop(pid), os.waitstatus_to_exitcode(status))

    def _farewell(self, post: socket.socket, code: int) -> None:
        try:
            self._selector.unregister(post)
        except KeyError:  # its client has hung up before
            pass
        try:
            post.send(b"%d" % code)
        except OSError:
            pass
        post.close()

    def _end_all(self) -> None:
        for pid in (*self._stock, *self._children):
            _kill(pid)
            os.waitpid(pid, 0)


def _kill(pid: int) -> None:
    """End a child that is not buried yet, so that its number is its own, and its process group where there is one."""
    os.kill(pid, signal.SIGKILL)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
