"""Hostile programs at each tier that this machine gives: nothing escapes, the next call works, nothing is left.

The same programs with older versions of Landlock, and as an ordinary user, are in test_tiers_on_cpu.py.
"""

import time
from collections.abc import Iterator

import psutil
import pytest
from hostile_kernel import KERNEL_PROGRAMS
from hostile_place import Place, place
from hostile_programs import PROGRAMS, Hostile, filled

from still_verl.interpreter.sandbox.local.tiers import HOW_TO_ENABLE


@pytest.fixture(scope="module", params=["full", "reduced"])
def sandboxed(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place(request.param) as found:
        if found is None:
            pytest.skip(f"tier {request.param} is not to be had here; {HOW_TO_ENABLE}")
        yield found


@pytest.mark.parametrize("program", [*PROGRAMS, *KERNEL_PROGRAMS], ids=lambda program: program.name)
def test_it_holds(sandboxed: Place, program: Hostile) -> None:
    result = sandboxed.sandbox.run(filled(program.code, sandboxed.values()))
    assert not sandboxed.faults(program, result), result
    assert sandboxed.wait_until_gone() == 0
    assert sandboxed.sandbox.run("1 + 1").stdout == "2\n"


def test_a_program_does_not_see_another(sandboxed: Place) -> None:
    session = sandboxed.sandbox.session()
    try:
        mine = session.run(
            "import os\ntry: open('/tmp/mine', 'w').write('x')\nexcept OSError: pass\nos.getpid()"
        ).stdout
        other = sandboxed.sandbox.run(f"import os\nprint(os.path.exists('/tmp/mine'))\nos.kill({mine.split()[-1]}, 9)")
        assert other.stdout.startswith("False")
        assert session.run("'still here'").stdout == "'still here'\n"
    finally:
        session.close()
    assert sandboxed.wait_until_gone() == 0


def test_there_are_at_least_two_hundred_and_the_server_leaks_no_descriptor(sandboxed: Place) -> None:
    names = {program.name for program in [*PROGRAMS, *KERNEL_PROGRAMS]}
    assert len(names) == len(PROGRAMS) + len(KERNEL_PROGRAMS) >= 200
    nested = 1 if sandboxed.sandbox.mechanisms.namespaces else 0
    inner = [sandboxed.server, *sandboxed.server.children(recursive=True)][nested]
    sandboxed.wait_until_gone()
    before, ours = inner.num_fds(), psutil.Process().num_fds()
    for code in ("1", "import os\nos._exit(1)", "1/0") * 5:
        sandboxed.sandbox.run(code)
    sandboxed.wait_until_gone()
    time.sleep(0.05)
    assert inner.num_fds() == before and psutil.Process().num_fds() == ours
