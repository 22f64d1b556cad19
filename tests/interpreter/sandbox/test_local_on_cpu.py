"""The local sandbox: what a program shows, what a session keeps, what it refuses, and that it ends with its parent."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from still_verl.interpreter.sandbox.async_sandbox import AsyncSandbox
from still_verl.interpreter.sandbox.base import Limits, SandboxUnavailable, clip
from still_verl.interpreter.sandbox.local.client import Local
from still_verl.interpreter.sandbox.local.session import LOST

ALL = ("user", "pid", "net", "mount", "seccomp", "landlock")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Local]:
    sandbox = Local(Limits(seconds=2), allow_unsandboxed=True)
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize(
    ("code", "stdout"),
    [
        ("print(2 + 2)", "4\n"),
        ("x = 20\nx + 1", "21\n"),
        ("None", ""),
        ("", ""),
        ("x = 1", ""),
        ("import sympy\nx = sympy.Symbol('x')\nsympy.solve(x**2 - 5 * x + 6)", "[2, 3]\n"),
        ("def f(n):\n    return n and f(n - 1)\nf(500)", "0\n"),
        ("import sys\nprint('a')\nprint('b', file=sys.stderr)", "a\nb\n"),
        ("__name__", "'__main__'\n"),
        ("print('\\u00e9\\u4e2d')", "\u00e9\u4e2d\n"),
    ],
)
def test_it_shows_what_a_notebook_shows(sandbox: Local, code: str, stdout: str) -> None:
    result = sandbox.run(code)
    assert (result.stdout, result.error, result.kind) == (stdout, None, "ok")


def test_an_error_names_lines_of_the_program(sandbox: Local) -> None:
    result = sandbox.run("print('before')\ndef f():\n    return 1 / 0\nf()")
    assert result.stdout == "before\n" and result.kind == "error"
    assert result.error == (
        "  line 4, in <module>: f()\n  line 3, in f: return 1 / 0\nZeroDivisionError: division by zero"
    )


def test_long_output_keeps_head_and_tail() -> None:
    assert clip("0123456789", 10) == "0123456789"
    assert clip("01234567890", 4) == "01\n... [7 characters left out] ...\n90"


def test_output_before_a_timeout_is_kept(sandbox: Local) -> None:
    result = sandbox.run("print('so far', flush=True)\nwhile True: pass")
    assert result.timed_out and result.stdout == "so far\n" and result.error == "stopped after 2 seconds"


def test_a_session_keeps_variables_until_it_crashes(sandbox: Local) -> None:
    session = sandbox.session()
    assert session.run("a = 5").error is None
    assert session.run("a + 1").stdout == "6\n"
    assert "ZeroDivisionError" in (session.run("1 / 0").error or "")
    assert session.run("a").stdout == "5\n"
    crash = session.run("import os\nos._exit(9)")
    assert crash.kind == "crash" and LOST in (crash.error or "")
    assert "NameError" in (session.run("a").error or "")
    session.close()


def test_a_session_stands_still_between_its_blocks(sandbox: Local) -> None:
    session = sandbox.session()
    count = "import threading\nn = 0\ndef f():\n    global n\n    while True: n += 1\n"
    session.run(count + "threading.Thread(target=f, daemon=True).start()")
    before = int(session.run("n").stdout)
    time.sleep(0.5)
    after = int(session.run("n").stdout)
    busy = int(session.run("import time\ntime.sleep(0.5)\nn").stdout)
    assert after - before < (busy - after) / 2
    session.close()


def test_many_callers_each_get_their_own_answer(sandbox: Local) -> None:
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(lambda n: sandbox.run(f"print({n})"), range(64)))
    assert [result.stdout for result in results] == [f"{n}\n" for n in range(64)]


def test_coroutines_wait_without_blocking_their_loop() -> None:
    async def main() -> None:
        runner = AsyncSandbox(Local(Limits(seconds=5), allow_unsandboxed=True), places=2)
        await runner.run("1")
        calls = asyncio.gather(*(runner.run("import time\ntime.sleep(0.2)") for _ in range(6)))
        turns = 0
        while not calls.done():
            await asyncio.sleep(0.01)
            turns += 1
        waits = sorted(waited for _, waited in await calls)
        assert turns > 20 and waits[0] < 0.1 and waits[-1] > 0.35
        runner.close()

    asyncio.run(main())


def test_below_the_minimum_tier_it_refuses() -> None:
    with pytest.raises(SandboxUnavailable, match="tier here is none.*missing: user namespaces.*allow_unsandboxed"):
        Local(absent=ALL).run("1")
    with pytest.raises(SandboxUnavailable, match="minimum_tier=full"):
        Local(minimum_tier="full", absent=("landlock",)).run("1")
    spelled_out = Local(Limits(seconds=1), absent=ALL, allow_unsandboxed=True)
    result = spelled_out.run("1 + 1")
    assert (result.stdout, result.tier) == ("2\n", "none")
    spelled_out.close()


def test_a_killed_server_is_replaced(sandbox: Local) -> None:
    sandbox.run("1")
    server = psutil.Process(sandbox._server.pid)
    server.kill()
    server.wait()
    assert sandbox.run("1 + 1").stdout == "2\n"


def test_an_idle_child_that_was_killed_gets_no_program(sandbox: Local) -> None:
    sandbox.run("1")
    server = psutil.Process(sandbox._server.pid)
    nested = 1 if sandbox.mechanisms.namespaces else 0
    waiting = server.children(recursive=True)[nested:]
    for child in waiting:
        # The child of the first program may still be ending, and be gone before its turn.
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(waiting, timeout=5)
    assert sandbox.run("1 + 1").stdout == "2\n"


def test_no_child_runs_two_programs(sandbox: Local) -> None:
    seen = "import random, sys\nprint(hasattr(sys, 'seen'), random.random())\nsys.seen = True"
    printed = [sandbox.run(seen).stdout.split() for _ in range(8)]
    assert all(flag == "False" for flag, _ in printed)
    assert len({number for _, number in printed}) == 8


def test_nothing_survives_a_parent_that_is_killed() -> None:
    code = (
        "from still_verl.interpreter.sandbox.local.client import Local, Limits\n"
        "s = Local(Limits(seconds=60), allow_unsandboxed=True); s.run('1'); print(s._server.pid, flush=True)\n"
        "s.run('while True: pass')"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    server = psutil.Process(int(parent.stdout.readline()))
    time.sleep(0.3)
    family = [server, *server.children(recursive=True)]
    parent.kill()
    parent.communicate()
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert len(family) >= 2 and not alive


def command(*args: str, program: str = "") -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-c", "from still_verl.cli import app; app()", "run-code", *args]
    return subprocess.run(call, input=program, capture_output=True, text=True)


def test_run_code(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text("print('hello')\n1 / 0\n")
    failed = command(str(file), "--json")
    printed = json.loads(failed.stdout)
    assert failed.returncode == 1 and set(printed) == {"stdout", "error", "kind", "seconds", "tier"}
    assert printed["stdout"] == "hello\n" and printed["error"].endswith("ZeroDivisionError: division by zero")
    fine = command("--stdin", program="6 * 7")
    assert (fine.returncode, fine.stdout) == (0, "42\n") and "tier" in fine.stderr
    assert command().returncode == 2


def test_packages_below_tmp_and_a_private_umask_close_nothing(sandbox: Local, tmp_path: Path) -> None:
    """An environment below /tmp, which each child replaces by its own, and directories that only root may enter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    (packages,) = tmp_path.glob("env/lib/python3*/site-packages")
    (packages / "late.py").write_text("answer = 42")
    code = "import os, late\nprint(late.answer)\nopen('/tmp/mine', 'w').write('1')\nopen(late.__file__, 'w')"
    script = (
        "import os, sys; os.umask(0o077); sys.path += sys.argv[1:]\n"
        "from still_verl.interpreter.sandbox.local.client import Local\n"
        f"sandbox = Local(allow_unsandboxed=True); result = sandbox.run({code!r}); sandbox.close()\n"
        "print(result.tier, result.stdout, result.error)"
    )
    elsewhere = [path for path in sys.path if path]
    done = subprocess.run([tmp_path / "env/bin/python", "-c", script, *elsewhere], capture_output=True, text=True)
    printed = done.stdout.split("\n")
    assert printed[0] == f"{sandbox.tier} 42", done.stdout + done.stderr
    assert "Permission" in done.stdout or "Read-only" in done.stdout


def wrong_outputs(sandbox: Local, first: int, count: int) -> int:
    """How many of some programs did not print what they should."""
    wrong = 0
    for number in range(first, first + count):
        wrong += sandbox.run(f"print({number})").stdout != f"{number}\n"
    return wrong


def test_after_a_fork_each_side_gets_its_own_answers(sandbox: Local) -> None:
    sandbox.run("1")
    child = os.fork()
    if child == 0:
        signal.alarm(120)  # a side that waits for ever
        wrong = wrong_outputs(sandbox, 1000, 200)
        sandbox.close()
        os._exit(min(wrong, 255))
    assert wrong_outputs(sandbox, 5000, 200) == 0
    assert os.waitpid(child, 0)[1] == 0
