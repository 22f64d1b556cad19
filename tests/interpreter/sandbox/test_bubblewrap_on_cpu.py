"""The sandbox of the `bwrap` command, where it is installed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from still_verl.interpreter.sandbox.base import Limits, SandboxUnavailable
from still_verl.interpreter.sandbox.bubblewrap import Bubblewrap
from still_verl.interpreter.sandbox.local.session import LOST

needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bwrap is not installed")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Bubblewrap]:
    sandbox = Bubblewrap(Limits(seconds=5))
    if sandbox.tier == "none":
        pytest.skip(f"bwrap does not start here, missing: {', '.join(sandbox.mechanisms.missing())}")
    yield sandbox
    sandbox.close()


@needs_bwrap
@pytest.mark.parametrize(
    "statement",
    [
        "open('{canary}')",
        "open('/usr/written', 'w')",
        "os.fork()",
        "os.kill(1, 9)",
        "os.setuid(0)",
        "socket.socket()",
        "os.listdir('/proc')[0]",
    ],
)
def test_it_holds(sandbox: Bubblewrap, statement: str, tmp_path: Path) -> None:
    (tmp_path / "canary").write_text("CANARY")
    result = sandbox.run(f"import os, socket\n{statement.format(canary=tmp_path / 'canary')}\nprint('ESCAPED')")
    assert result.kind == "error" and "ESCAPED" not in result.stdout, result


@needs_bwrap
def test_programs_and_endings(sandbox: Bubblewrap) -> None:
    assert sandbox.run("x = 20\nx + 1").stdout == "21\n"
    assert sandbox.run("import sympy\nsympy.sqrt(8)").stdout == "2*sqrt(2)\n"
    assert sandbox.run("import os\nos._exit(1)").kind == "crash"
    assert Bubblewrap(Limits(seconds=0.5)).run("while True: pass").timed_out


@needs_bwrap
def test_a_session_keeps_variables_until_it_crashes(sandbox: Bubblewrap) -> None:
    session = sandbox.session()
    session.run("a = 5")
    assert session.run("a + 1").stdout == "6\n"
    assert LOST in (session.run("import os\nos._exit(1)").error or "")
    assert "NameError" in (session.run("a").error or "")
    session.close()


def test_without_the_command_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxUnavailable, match="apt-get install bubblewrap"):
        Bubblewrap().run("1")
