"""The caller's side of a fork server: a subprocess that has imported what its children need, and forks on request.

It is a plain subprocess and not `multiprocessing`: it neither imports the caller's main module again nor forks a
process that has threads. So it works under Ray, beside torch, in a thread and in a script without a main guard.

The server ends with its caller, because its only input is a socket whose other end the caller holds: it reads the end
of the file when the caller has closed it or died. (`children.die_with_parent` would not do: the kernel means the thread
that started it, which may end long before the process.)
"""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from still_verl.processes import after_fork

START_S = 120.0  # seconds until a server must be ready; it imports sympy on a machine that may be busy
END_S = 10.0  # seconds that it gets to end by itself
GREETING_BYTES = 4096

PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])


class Unavailable(RuntimeError):
    """No server can be started; its own error is on stderr."""


def start_detached(
    command: Sequence[str],
    fds: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
    folder: str | None = None,
    stderr: int | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a process without standard input and output, in a session of its own: Ctrl-C is for the caller only.

    Args:
        command: the program and its arguments.
        fds: descriptors that it inherits, under the same numbers.
        environment: all of its environment variables; None is those of this process.
        folder: its working directory; None is that of this process.
        stderr: a descriptor for its errors, or `subprocess.DEVNULL`; None is that of this process.
    """
    return subprocess.Popen(
        list(command),
        pass_fds=fds,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
    )


class ForkServer:
    """A subprocess that forks on request. It starts with the first request, and again if it was killed.

    Safe to use from many threads. A forked child of the caller starts a server of its own.
    """

    def __init__(
        self,
        target: str,
        *arguments: object,
        environment: Mapping[str, str] | None = None,
        folders: Sequence[str] = (PACKAGE_ROOT,),
    ) -> None:
        """Describe a server; nothing is started yet.

        Args:
            target: "module:function" of the server. The function is called with the descriptor of its control socket,
                and with `arguments`. It sends one message when it is ready, its greeting, and serves until the socket
                says that the caller is gone.
            arguments: strings, numbers and lists of these: they become part of a command line.
            environment: its only environment variables. It then starts isolated, in `/` and with `python -I`, and sees
                nothing of its caller's. None is the caller's environment and working directory.
            folders: where it finds `target`, before all that Python finds by itself.
        """
        self._target = target
        self._arguments = arguments
        self._environment = environment
        self._folders = folders
        self._forget()
        after_fork.abandon_in_child(self)

    def _forget(self) -> None:
        """Know of no server, and hold no lock."""
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._greeting = b""

    @property
    def pid(self) -> int | None:
        """Process id of the server; None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    def greeting(self) -> bytes:
        """Return what the server said when it was ready; starts it.

        Raises:
            Unavailable: it did not start.
        """
        with self._lock:
            self._start()
            return self._greeting

    def hand_over(self, message: bytes, fds: Sequence[int], accept: Callable[[bytes], None] | None = None) -> None:
        """Send a request with descriptors; starts the server, and starts it once more if it was killed.

        Args:
            message: the request.
            fds: descriptors; the server gets copies of them, and the caller closes its own.
            accept: is called with the greeting of the server that would get the request, and raises to refuse it.

        Raises:
            Unavailable: the server does not start, or ends as soon as it starts.
        """
        for _ in range(2):
            with self._lock:
                control = self._start()
                if accept is not None:
                    accept(self._greeting)
                try:
                    socket.send_fds(control, [message], fds)
                    return
                except OSError:  # the server is gone
                    self._end()
        raise Unavailable(f"the fork server {self._target} ends as soon as it starts; its error is on stderr")

    def _start(self) -> socket.socket:
        """Start the server unless it is there. The caller holds the lock."""
        if self._control is not None:
            return self._control
        with after_fork.FORKING:
            control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            after_fork.close_in_child(control)
            with theirs:
                self._process = self._spawn(theirs.fileno())
        self._control = control
        try:
            self._greeting = self._wait_for_greeting(control)
        except BaseException:  # Ctrl-C too: a server whose greeting was not read is of no use
            self._end()
            raise
        return control

    def _wait_for_greeting(self, control: socket.socket) -> bytes:
        control.settimeout(START_S)
        try:
            greeting = control.recv(GREETING_BYTES)
        except OSError as error:
            raise Unavailable(f"the fork server {self._target} did not start: {error}") from error
        if not greeting:
            raise Unavailable(f"the fork server {self._target} did not start; its error is on stderr")
        control.settimeout(None)
        return greeting

    def _spawn(self, control_fd: int) -> "subprocess.Popen[bytes]":
        module, _, function = self._target.partition(":")
        arguments = ", ".join(repr(argument) for argument in (control_fd, *self._arguments))
        # An empty entry of the path is the working directory, whose files could be taken for the libraries'.
        call = (
            f"import sys; sys.path[:] = {list(self._folders)!r} + [path for path in sys.path if path]; "
            f"from {module} import {function}; {function}({arguments})"
        )
        if self._environment is None:
            return start_detached([sys.executable, "-c", call], [control_fd])
        return start_detached([sys.executable, "-I", "-c", call], [control_fd], self._environment, folder="/")

    def _end(self) -> None:
        """End the server, and with it its children. The caller holds the lock."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:  # it hangs in an import, say
                self._process.kill()
                self._process.wait()
        self._control = self._process = None

    def close(self) -> None:
        """End the server, and with it its children. The next request starts another one."""
        with self._lock:
            self._end()

    def abandon(self) -> None:
        """Let go of the server without ending it, in a forked child of the caller."""
        self._forget()
