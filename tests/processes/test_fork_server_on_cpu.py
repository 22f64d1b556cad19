"""A fork server starts, greets, takes requests, is replaced when it dies, and is let go of in a forked child."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from still_verl.processes import after_fork
from still_verl.processes.fork_server import PACKAGE_ROOT, ForkServer, Unavailable

# It answers each request on the socket that comes with it, with the process ids of itself and of a fork.
SERVER = """
import os, signal, socket, sys
from still_verl.processes import children
def serve(control_fd, word):
    control = socket.socket(fileno=control_fd)
    control.send(f"{word} {os.environ.get('SECRET')} {os.getcwd()} {sys.flags.isolated}".encode())
    children.reap_automatically()
    while True:
        message, fds = children.receive(control, 100, 1)
        if not message:
            return
        if os.fork() == 0:
            children.die_with_parent(os.getppid())
            with socket.socket(fileno=fds[0]) as reply:
                reply.send(message + b" %d" % os.getpid())
            signal.pause()
        children.close_all(fds)
def ends(control_fd):
    pass
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., ForkServer]]:
    (tmp_path / "a_server.py").write_text(SERVER)
    made: list[ForkServer] = []

    def make(function: str = "serve", *arguments: object, **options: object) -> ForkServer:
        made.append(ForkServer(f"a_server:{function}", *arguments, folders=[PACKAGE_ROOT, str(tmp_path)], **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for server in made:
        server.close()


def ask(server: ForkServer, message: bytes = b"hello") -> bytes:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            server.hand_over(message, [theirs.fileno()])
        return ours.recv(100)


def test_nothing_starts_before_the_first_request(make: Callable[..., ForkServer]) -> None:
    server = make("serve", "hi")
    assert server.pid is None
    assert ask(server).startswith(b"hello ") and server.pid is not None


def test_a_server_sees_its_callers_environment_or_nothing_of_it(
    make: Callable[..., ForkServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "1")
    assert make("serve", "hi").greeting().decode() == f"hi 1 {os.getcwd()} 0"
    assert make("serve", "it's", environment={"LANG": "C.UTF-8"}).greeting() == b"it's None / 1"


def test_a_killed_server_is_replaced_and_its_children_are_gone(make: Callable[..., ForkServer]) -> None:
    server = make("serve", "hi")
    child = psutil.Process(int(ask(server).split()[1]))
    first = psutil.Process(server.pid)
    first.kill()
    assert not psutil.wait_procs([child], timeout=5)[1]
    assert ask(server).startswith(b"hello ") and server.pid != first.pid


def test_a_server_that_cannot_start_is_named(make: Callable[..., ForkServer]) -> None:
    with pytest.raises(Unavailable, match="a_server:ends did not start"):
        ask(make("ends"))


def test_a_greeting_may_be_refused(make: Callable[..., ForkServer]) -> None:
    def refuse(greeting: bytes) -> None:
        raise PermissionError(greeting)

    with pytest.raises(PermissionError, match="hi"):
        make("serve", "hi").hand_over(b"hello", [], accept=refuse)


def test_it_ends_with_its_caller(make: Callable[..., ForkServer], tmp_path: Path) -> None:
    make()  # writes the module
    code = (
        "import time; from still_verl.processes.fork_server import ForkServer\n"
        f"server = ForkServer('a_server:serve', 'hi', folders={[PACKAGE_ROOT, str(tmp_path)]})\n"
        "server.greeting(); print(server.pid, flush=True); time.sleep(60)"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=PACKAGE_ROOT)
    assert caller.stdout is not None
    server = psutil.Process(int(caller.stdout.readline()))
    caller.kill()
    caller.communicate()
    assert not psutil.wait_procs([server], timeout=5)[1]


def in_child(check: Callable[[], bool]) -> bool:
    """Whether `check` is true in a forked child."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        try:
            os._exit(0 if check() else 1)
        finally:
            os._exit(2)
    return os.waitpid(pid, 0)[1] == 0


def test_a_forked_child_starts_a_server_of_its_own(make: Callable[..., ForkServer]) -> None:
    server = make("serve", "hi")
    ask(server)
    pid = server.pid

    def starts_another() -> bool:
        answered = server.pid is None and ask(server).startswith(b"hello ") and server.pid != pid
        server.close()
        return answered

    assert in_child(starts_another)
    assert ask(server).startswith(b"hello ") and server.pid == pid


def test_a_lock_that_another_thread_holds_is_free_in_a_forked_child(make: Callable[..., ForkServer]) -> None:
    server = make("serve", "hi")
    ask(server)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with server._lock:
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()

    def works() -> bool:
        answered = ask(server).startswith(b"hello ")
        server.close()
        return answered

    assert in_child(works)
    done.set()
    thread.join()


def test_a_connection_is_closed_in_a_forked_child() -> None:
    ours, theirs = socket.socketpair()
    after_fork.close_in_child(ours)
    assert in_child(lambda: ours.fileno() == -1 and theirs.fileno() >= 0)
    assert ours.fileno() >= 0
    ours.close()
    theirs.close()


def test_no_thread_forks_while_a_connection_is_being_made() -> None:
    forked = threading.Event()

    def fork() -> None:
        in_child(lambda: True)
        forked.set()

    thread = threading.Thread(target=fork)
    with after_fork.FORKING:
        thread.start()
        time.sleep(0.1)
        assert not forked.is_set()
    thread.join(10)
    assert forked.is_set()
