"""The fork server: warm libraries, one thread, one child for each program. It never runs a line of a program itself.

It talks over a socket of SEQPACKET with the process that started it:
    client -> server  JSON of the limits, with three descriptors: `post`, `line`, `output`
    server -> client  on `post`, when the child has ended: its wait status as text
    client -> server  on `post`: b"stop", b"go"; hanging up kills the child
`line` and `output` belong to the child. It does not have `post`, so nothing that it does can look like the server.
"""

import gc
import json
import os
import selectors
import signal
import socket
import sys
from dataclasses import asdict

from still_verl.interpreter.sandbox import isolate, notebook
from still_verl.interpreter.sandbox.policy import probe, works

_SIGNALS = {b"stop": signal.SIGSTOP, b"go": signal.SIGCONT}


def main(control_fd: int, absent: list[str], package_root: str) -> None:
    """Serve until the parent is gone. The first message to it says which mechanisms there are."""
    control = socket.socket(fileno=control_fd)
    mechanisms = probe().without(*absent)
    if mechanisms.namespaces and not works(lambda: isolate.rehearse(mechanisms)):
        mechanisms = mechanisms.without("mount")
    warm_up()
    sys.path[:] = [path for path in sys.path if path and path != package_root]
    cell = isolate.Cell(mechanisms)
    gc.collect()
    gc.freeze()  # what is imported stays shared with the children
    control.send(json.dumps(asdict(mechanisms)).encode())
    Server(control, cell).serve()


def warm_up() -> None:
    """Import what programs of mathematics import, and use it once, so that its lazy parts are there too."""
    import cmath  # noqa: E401, F401

    try:
        import numpy
        import sympy
    except ImportError:
        return
    numpy.linalg.solve(numpy.eye(2), numpy.ones(2))
    x = sympy.Symbol("x")
    sympy.solve(x**2 - 2, x), sympy.simplify(sympy.sin(x) ** 2), sympy.integrate(x * sympy.exp(x), x)


class Server:
    """The loop: requests from the control socket, words on posts, ends of children."""

    def __init__(self, control: socket.socket, cell: isolate.Cell) -> None:
        self._control = control
        self._cell = cell
        self._children: dict[int, socket.socket] = {}  # by process id
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._request)

    def serve(self) -> None:
        ended, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._selector.register(ended, selectors.EVENT_READ, lambda: self._bury(ended))
        try:
            while True:
                for key, _ in self._selector.select():
                    key.data()
        except EOFError:
            self._end_all()

    def _request(self) -> None:
        message, fds, _, _ = socket.recv_fds(self._control, 4096, 3)
        if not message:
            raise EOFError
        post, line, output = fds
        try:
            pid = self._cell.fork()
        except OSError:
            for fd in fds:  # hanging up tells the client
                os.close(fd)
            return
        if pid == 0:
            try:
                self._child(json.loads(message), line, output)
            finally:
                os._exit(70)  # whatever happened, a child never goes on as a second server
        os.close(line)
        os.close(output)
        self._adopt(pid, socket.socket(fileno=post))

    def _adopt(self, pid: int, post: socket.socket) -> None:
        self._children[pid] = post
        self._selector.register(post, selectors.EVENT_READ, lambda: self._hear(pid, post))

    def _child(self, order: dict[str, int | None], line: int, output: int) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        line, output = _keep_only(line, output)
        try:
            isolate.enter(self._cell, int(order["memory_mb"] or 0), order["cpu_seconds"])
        except OSError as error:
            os.write(output, f"the sandbox could not be closed: {error}".encode())
            return
        notebook.serve(socket.socket(fileno=line), output)
        os._exit(0)

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
            if pid in self._children:  # else an orphan of a child without a pid namespace
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
        for pid in self._children:
            _kill(pid)
            os.waitpid(pid, 0)


def _kill(pid: int) -> None:
    """End a child that is not buried yet, so that its number is its own, and its process group where there is one."""
    os.kill(pid, signal.SIGKILL)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _keep_only(line: int, output: int) -> tuple[int, int]:
    """Close every descriptor but these two, which become 3 and 4. Standard ones are replaced by the notebook."""
    os.dup2(line, 200), os.dup2(output, 201)
    os.dup2(200, 3), os.dup2(201, 4)
    os.closerange(5, os.sysconf("SC_OPEN_MAX"))
    return 3, 4
