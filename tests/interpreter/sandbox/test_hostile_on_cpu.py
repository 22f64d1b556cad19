"""Hostile programs at each tier that this machine gives: nothing escapes, the next call works, nothing is left."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from hostile_programs import PROGRAMS, Hostile, filled

from still_verl.interpreter.sandbox.base import TIERS, Limits
from still_verl.interpreter.sandbox.local import server
from still_verl.interpreter.sandbox.local.client import Local
from still_verl.interpreter.sandbox.local.tiers import HOW_TO_ENABLE

NAMESPACES = ("user", "pid", "net", "mount")
SECRET = "CANARY-51b9"


@dataclass
class Place:
    """A sandbox, and what is outside of it."""

    sandbox: Local
    outside: Path
    canary: Path
    server: psutil.Process

    def values(self) -> dict[str, object]:
        ids = {"PARENT": os.getpid(), "SERVER": self.server.pid}
        return {"CANARY": self.canary, "OUTSIDE": self.outside, **ids}

    def left(self) -> int:
        """Processes below the server but for its idle children.

        The server is two, the second is first in its pid namespace.
        """
        nested = 1 if self.sandbox.mechanisms.namespaces else 0
        return len(self.server.children(recursive=True)) - nested - server.idle_children()


@pytest.fixture(scope="module", params=["full", "reduced"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    os.environ["SECRET"] = SECRET
    absent = () if request.param == "full" else NAMESPACES
    sandbox = Local(Limits(seconds=0.7, memory_mb=256, flood_mb=2), absent=absent)
    if TIERS.index(sandbox.tier) < TIERS.index(request.param):
        missing = ", ".join(sandbox.mechanisms.missing())
        sandbox.close()
        pytest.skip(f"tier {request.param} is not to be had here, missing: {missing}; {HOW_TO_ENABLE}")
    outside = Path(tempfile.mkdtemp(dir="/var/tmp"))
    outside.chmod(0o777)
    canary = outside / "canary"
    canary.write_text(SECRET)
    canary.chmod(0o666)
    yield Place(sandbox, outside, canary, psutil.Process(sandbox._server.pid))
    sandbox.close()
    shutil.rmtree(outside)
    del os.environ["SECRET"]


def wait_until_gone(place: Place) -> None:
    deadline = time.monotonic() + 5
    while (left := place.left()) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert left == 0


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_it_holds(place: Place, program: Hostile) -> None:
    result = place.sandbox.run(filled(program.code, place.values()))
    read = f"{result.stdout}\n{result.error}"
    assert result.kind in program.kinds, result
    assert program.says in read, result
    assert "ESCAPED" not in result.stdout and SECRET not in read, result
    assert [path.name for path in place.outside.iterdir()] == ["canary"] and place.canary.read_text() == SECRET
    assert len(result.stdout) <= place.sandbox.limits.output_chars + 100 and len(result.error or "") <= 4100
    assert result.seconds < place.sandbox.limits.seconds + 3
    assert place.server.status() != psutil.STATUS_STOPPED
    wait_until_gone(place)
    assert place.sandbox.run("1 + 1").stdout == "2\n"


def test_a_program_does_not_see_another(place: Place) -> None:
    session = place.sandbox.session()
    try:
        mine = session.run(
            "import os\ntry: open('/tmp/mine', 'w').write('x')\nexcept OSError: pass\nos.getpid()"
        ).stdout
        other = place.sandbox.run(f"import os\nprint(os.path.exists('/tmp/mine'))\nos.kill({mine.split()[-1]}, 9)")
        assert other.stdout.startswith("False")
        assert session.run("'still here'").stdout == "'still here'\n"
    finally:
        session.close()
    wait_until_gone(place)


def test_there_are_at_least_sixty_and_the_server_leaks_no_descriptor(place: Place) -> None:
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS) >= 60
    nested = 1 if place.sandbox.mechanisms.namespaces else 0
    inner = [place.server, *place.server.children(recursive=True)][nested]
    wait_until_gone(place)
    before, ours = inner.num_fds(), psutil.Process().num_fds()
    for code in ("1", "import os\nos._exit(1)", "1/0") * 5:
        place.sandbox.run(code)
    wait_until_gone(place)
    time.sleep(0.05)
    assert inner.num_fds() == before and psutil.Process().num_fds() == ours
