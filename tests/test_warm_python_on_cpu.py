"""Commands as forks of a warm process behave as those of a new Python do."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import warm_python

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        ("", 0, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit(7)", 7, ""),
        ("raise SystemExit('no luck')", 1, "no luck\n"),
        ("import os; os._exit(3)", 3, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15, ""),
    ],
)
def test_the_exit_code_and_what_is_said(ending: str, code: int, said: str, tmp_path: Path) -> None:
    done = warm_python.run(["-c", f"print('begun', flush=True)\n{ending}"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (code, "begun\n", said)


PROGRAM = """
import atexit, sys, threading
atexit.register(lambda: print("left"))
threading.Timer(0.2, lambda: print("waited for")).start()
print(__name__, __file__, sys.argv, sys.path[0], sys.stdin.read(), sys.modules["__main__"].__dict__ is globals())
print(sorted({"verl", "hydra", "omegaconf", "still_verl"} & set(sys.modules)))
def fail():
    raise KeyError("gone")
fail()
"""


@pytest.mark.parametrize("name", ["-m", "script"])
def test_a_program_says_the_same_as_in_a_new_python(name: str, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "below" / "program.py").write_text(PROGRAM)
    arguments = ["-m", "program", "-x"] if name == "-m" else ["below/program.py", "-x"]
    done = warm_python.run(arguments, tmp_path)
    new = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (new.returncode, new.stdout) and done.returncode == 1
    assert done.stdout.splitlines()[1:] == ["[]", "waited for", "left"]
    assert done.stderr.startswith("Traceback") and done.stderr.endswith(new.stderr[new.stderr.index("in <module>") :])


WHERE = """
import json, logging, os, signal, sys, threading
# Ray puts a folder on the path when it is imported.
print(json.dumps([path for path in sys.path if not path.endswith("ray/thirdparty_files")]))
print(sys.argv, os.getcwd(), __name__, dict(os.environ))
print(len(os.listdir("/proc/self/fd")), threading.active_count(), len(os.listdir("/proc/self/task")))
print(logging.root.handlers, logging.root.level, *map(signal.getsignal, (signal.SIGINT, signal.SIGTERM)))
"""


def test_folder_path_and_environment_are_those_of_the_call(tmp_path: Path) -> None:
    env = {"PYTHONPATH": f"{tmp_path}/a{os.pathsep}{tmp_path}/b", "ONLY": "this", "LC_ALL": "C.UTF-8"}
    done = warm_python.run(["-c", WHERE, "x"], tmp_path, env)
    new = subprocess.run(
        [sys.executable, "-c", WHERE, "x"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == (new.stdout, "")


SLEEPS = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"


def assert_gone(pid: int) -> None:
    """A killed process is gone when whoever adopted it has asked for its end."""
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_command_that_takes_too_long_is_killed_with_what_it_started(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired) as error:
        warm_python.run(["-c", SLEEPS], tmp_path, timeout=1)
    assert_gone(int(error.value.stdout))
    assert warm_python.run(["-c", "print(1)"], tmp_path).stdout == "1\n"


def test_nothing_is_left_when_the_tests_end_during_a_command(tmp_path: Path) -> None:
    """Of a server that imports less: the connection closes as it does when pytest is killed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    code = "import warm_python_server as server; server.LIBRARIES = ['numpy']; server.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(theirs.fileno())], cwd=warm_python.SERVER.parent, pass_fds=[theirs.fileno()]
    )
    theirs.close()
    out = tmp_path / "out"
    request = {"arguments": ["-c", SLEEPS], "cwd": "/", "env": {}, "files": [os.devnull, str(out), str(out)]}
    ours.send(json.dumps(request | {"timeout": 60}).encode())
    while not (out.exists() and out.read_text().endswith("\n")):
        time.sleep(0.02)
    (fork,) = psutil.Process(process.pid).children()
    ours.close()
    assert process.wait(timeout=10) == 0
    assert_gone(fork.pid)
    assert_gone(int(out.read_text()))
