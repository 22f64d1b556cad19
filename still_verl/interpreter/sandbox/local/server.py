"""The fork server: warm libraries, one thread, one child for each program. It never runs a line of a program itself.

It talks over a socket of SEQPACKET, its control socket, with the process that started it. Each child has three more:
    client -> server  JSON of the limits, with three descriptors: a child's control socket, data socket, output pipe
    server -> client  on the child's control socket, when the child has ended: its wait status as text
    client -> server  on the child's control socket: b"stop", b"go"; hanging up, or anything else, kills the child
Data socket and output pipe belong to the child. It does not have its control socket, so nothing that it does can look
like the server. It gets its request, with these two descriptors, over a request socket of its own, which closes before
a program runs.
"""

import os
import selectors
import signal
import socket
import sys
import sysconfig

from still_verl.interpreter.sandbox.local import child_main, generators, preload
from still_verl.interpreter.sandbox.local.greeting import Greeting
from still_verl.interpreter.sandbox.local.jail import Jail, dry_run
from still_verl.interpreter.sandbox.local.threads import ThreadCounter
from still_verl.interpreter.sandbox.local.tiers import probe, works
from still_verl.processes import children

IDLE_S = 0.004  # without anything to do; then an idle child prepares further
PROGRAM_S = 0.008  # that most programs take; a fork beside one slows it, and can wait while there are idle children
_SIGNALS = {b"stop": signal.SIGSTOP, b"go": signal.SIGCONT}


def main(
    control_fd: int,
    absent: list[str],
    landlock_abi: int | None,
    modules: list[str],
    folders: list[str],
    mathematics: bool = True,
) -> None:
    """Serve until the parent is gone. The first message to it says which mechanisms there are.

    Args:
        control_fd: the control socket.
        absent: mechanisms that are not used even where they are there.
        landlock_abi: the highest version of Landlock that is used; None is the kernel's.
        modules: to load ahead, besides those that programs of mathematics use.
        folders: what the parent put on Python's path, for this process and not for programs.
        mathematics: whether what programs of mathematics use is loaded ahead.
    """
    control = socket.socket(fileno=control_fd)
    # First of all: what it imports lies in `folders`, and is out of sight for children.
    mechanisms = probe().without(*absent, landlock_abi=landlock_abi)
    if mechanisms.namespaces and not works(lambda: dry_run(mechanisms)):
        mechanisms = mechanisms.without("mount")
    _hide(folders)
    faults = preload.warm_up(modules, mathematics)
    if faults:
        control.send(Greeting(mechanisms, 0, faults).to_json())
        return
    warm = preload.settle(mathematics)
    jail = Jail(mechanisms)
    control.send(Greeting(mechanisms, jail.footprint.writable_bytes).to_json())
    Server(control, jail, warm).serve()


def _hide(folders: list[str]) -> None:
    """Take the parent's folders off Python's path, but for those that the installed packages are in."""
    installed = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    hidden = [folder for folder in folders if folder not in installed]
    sys.path[:] = [path for path in sys.path if path not in hidden]


def idle_children() -> int:
    """Return how many confined children are kept waiting for a program: as many as can run at once, within reason."""
    return min(8, max(2, len(os.sched_getaffinity(0))))


class Server:
    """The event loop: requests for children, messages about single children, ends of children, idle children.

    Forking and confining a child takes longer than most programs. So it is done ahead (prefork), when nothing else is
    to do. An idle child has seen no program; it gets the only one, or the only session, that it will ever run.
    """

    def __init__(self, control: socket.socket, jail: Jail, warm: preload.Warm) -> None:
        """Prepare the loop; `warm` is what children need to know of what is loaded."""
        self._control = control
        self._jail = jail
        self._warm = warm
        self._idle: dict[int, socket.socket] = {}  # by process id, oldest first: the request socket
        self._missing = idle_children()
        self._unwarmed: list[int] = []  # idle children that have copied no memory yet, newest last
        self._running: dict[int, socket.socket] = {}  # by process id: the control socket
        self._counters: dict[int, ThreadCounter] = {}  # by process id, where threads are counted
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._on_request)

    def serve(self) -> None:
        """Loop until the parent hangs up; then end every child."""
        # The kernel writes to a pipe when a child ends, so that one `select` sees sockets and ends of children.
        ended, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._selector.register(ended, selectors.EVENT_READ, lambda: self._reap(ended))
        try:
            while True:
                events = self._selector.select(self._patience())
                for key, _ in events:
                    key.data()
                if not events:
                    self._work_ahead()
        except EOFError:
            self._end_all()

    def _patience(self) -> float | None:
        """Return the seconds to wait for an event before work is done ahead; None when there is no such work."""
        if self._missing and self._idle:
            return PROGRAM_S
        if self._missing:
            return 0
        return IDLE_S if self._unwarmed else None

    def _work_ahead(self) -> None:
        if self._missing:
            self._refill()
        else:
            self._warm_next()

    def _refill(self) -> None:
        self._missing -= 1
        try:
            pid, request_socket = self._fork()
        except OSError:  # out of memory or processes; the next request will tell
            return
        self._idle[pid] = request_socket
        self._unwarmed.append(pid)

    def _count_threads(self, pid: int, request_socket: socket.socket) -> None:
        """Take over the listener that a child sends before it is confined, and answer what it asks."""
        _, fds = children.receive(request_socket, 64, 1)
        for listener in fds:
            counter = ThreadCounter(listener, pid)
            self._counters[pid] = counter
            self._selector.register(listener, selectors.EVENT_READ, counter.answer)

    def _stop_counting(self, pid: int) -> None:
        counter = self._counters.pop(pid, None)
        if counter is not None:
            self._selector.unregister(counter.listener)
            counter.close()

    def _warm_next(self) -> None:
        """Let the oldest idle child that has not done so copy memory ahead."""
        request_socket = self._idle.get(self._unwarmed.pop(0))
        if request_socket is not None:
            try:
                request_socket.send(child_main.PREPARE)
            except OSError:  # somebody killed it
                pass

    def _on_request(self) -> None:
        message, fds = children.receive(self._control, 4096, 3)
        if not message:
            raise EOFError
        control_socket, data_socket, output_pipe = fds
        try:
            pid = self._assign(message, [data_socket, output_pipe])
            self._track(pid, socket.socket(fileno=os.dup(control_socket)))
        except OSError:
            pass  # hanging up tells the client
        children.close_all(fds)
        self._missing = idle_children() - len(self._idle)
        self._unwarmed = [pid for pid in self._unwarmed if pid in self._idle]

    def _track(self, pid: int, control_socket: socket.socket) -> None:
        """Watch over a child that runs a program."""
        self._running[pid] = control_socket
        self._selector.register(control_socket, selectors.EVENT_READ, lambda: self._on_control(pid, control_socket))

    def _assign(self, request: bytes, fds: list[int]) -> int:
        """Send a request to the oldest idle child, or to a new one. OSError when none can be forked."""
        while self._idle:
            pid = next(iter(self._idle))
            with self._idle.pop(pid) as request_socket:
                try:
                    socket.send_fds(request_socket, [request], fds)
                except OSError:  # somebody killed it
                    continue
            return pid
        pid, request_socket = self._fork()
        with request_socket:
            socket.send_fds(request_socket, [request], fds)
        return pid

    def _fork(self) -> tuple[int, socket.socket]:
        """Return the process id of a new child, and the socket on which it waits for its request."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        generators.reseed(self._warm.generators)
        with theirs:
            pid = -1
            try:
                pid = self._jail.fork()
            finally:
                if pid == 0:
                    child_main.run(theirs, self._jail, self._warm)
                elif pid < 0:
                    ours.close()
        if self._jail.mechanisms.counts_threads:
            self._count_threads(pid, ours)
        return pid, ours

    def _on_control(self, pid: int, control_socket: socket.socket) -> None:
        """Do what the client asks for: stop a child, let it go on, or end it."""
        if self._running.get(pid) is not control_socket:  # reaped by an earlier event of the same round
            return
        try:
            message = control_socket.recv(16)
        except OSError:
            message = b""
        if message in _SIGNALS:
            os.kill(pid, _SIGNALS[message])
        else:
            self._selector.unregister(control_socket)
            _kill(pid)

    def _reap(self, ended: int) -> None:
        """Take in every child that has ended since the last time."""
        os.read(ended, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._stop_counting(pid)
            if pid in self._idle:
                self._idle.pop(pid).close()
            elif pid in self._running:  # else an orphan of a child without a pid namespace
                self._report_exit(self._running.pop(pid), os.waitstatus_to_exitcode(status))

    def _report_exit(self, control_socket: socket.socket, code: int) -> None:
        try:
            self._selector.unregister(control_socket)
        except KeyError:  # its client has hung up before
            pass
        try:
            control_socket.send(b"%d" % code)
        except OSError:
            pass
        control_socket.close()

    def _end_all(self) -> None:
        for pid in (*self._idle, *self._running):
            _kill(pid)
            os.waitpid(pid, 0)


def _kill(pid: int) -> None:
    """End a child that is not reaped yet, so that its number is its own, and its process group where there is one."""
    os.kill(pid, signal.SIGKILL)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
