"""The hostile programs as root and as an ordinary user, with the Landlock of older kernels; names of tiers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from still_verl.interpreter.sandbox.base import Limits, SandboxUnavailable
from still_verl.interpreter.sandbox.local.client import Local
from still_verl.interpreter.sandbox.local.tiers import Mechanisms, probe

HELPERS = Path(__file__).parents[2] / "helpers"
NAMESPACES = ("user", "pid", "net", "mount")
PRIORITY = "import os\nos.getpriority(os.PRIO_PROCESS, 0)"

# The first two of each user are in every test run, the others take two minutes.
RUNS = [
    ("full", 7, False),
    ("basic", 1, False),
    ("full", 7, True),
    ("basic", 1, True),
    *[
        pytest.param("basic" if version < 6 else "reduced", version, as_user, marks=pytest.mark.slow)
        for version in (2, 3, 5, 7)
        for as_user in (False, True)
    ],
]


@pytest.mark.parametrize(("tier", "landlock_abi", "as_user"), RUNS)
def test_programs_do_nothing_that_they_should_not(tier: str, landlock_abi: int, as_user: bool) -> None:
    command = [sys.executable, str(HELPERS / "hostile_place.py"), tier, str(landlock_abi)]
    if as_user:
        if os.geteuid() != 0:
            pytest.skip("only root can become another user; the other runs were as an ordinary user")
        command = [sys.executable, str(HELPERS / "as_user.py"), *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    *faults, last = done.stdout.splitlines() or [done.stderr]
    if last.startswith("no tier"):
        pytest.skip(last)
    assert faults == [], done.stderr
    assert last.startswith("ran ") and last.endswith(f"in {tier}"), done.stdout + done.stderr
    assert (" as 0 " in last) == (os.geteuid() == 0 and not as_user)


@pytest.mark.parametrize(("version", "tier"), [(1, "basic"), (3, "basic"), (5, "basic"), (6, "reduced"), (0, "none")])
def test_an_old_landlock_has_a_tier_of_its_own(version: int, tier: str) -> None:
    found = Mechanisms(True, False, False, False, False, True, version, True)
    assert found.tier == tier
    assert any(f"(here {version})" in missing for missing in found.missing()) == (tier == "basic")


def test_a_refusal_names_the_version_that_is_missing() -> None:
    sandbox = Local(minimum_tier="reduced", absent=NAMESPACES, landlock_abi=2)
    if not sandbox.mechanisms.landlock:
        pytest.skip("no Landlock here")
    with pytest.raises(SandboxUnavailable, match=r"tier here is basic.*Landlock 6, Linux 6\.12 \(here 2\)"):
        sandbox.run("1")
    sandbox.close()


def test_by_default_every_tier_that_isolates_will_do() -> None:
    sandbox = Local(Limits(seconds=5), absent=NAMESPACES, landlock_abi=1)
    if sandbox.mechanisms.landlock:
        assert sandbox.run("1 + 1").tier == "basic"
    sandbox.close()


@pytest.mark.parametrize("absent", [(), NAMESPACES])
def test_programs_of_root_have_a_user_each_and_go_last(absent: tuple[str, ...]) -> None:
    sandbox = Local(Limits(seconds=5), absent=absent)
    if not probe().own_user:
        sandbox.close()
        pytest.skip("only root can give each program a user of its own")
    users = set()
    for _ in range(4):
        session = sandbox.session()
        assert int(session.run(PRIORITY).stdout) >= 5
        assert session._child is not None
        status = Path(f"/proc/{session._child._pid}/status").read_text()
        users.add(int(status.partition("Uid:")[2].split()[0]))
        session.close()
    sandbox.close()
    assert len(users) == 4 and all(user > 10**9 for user in users)


@pytest.mark.parametrize("absent", [(), NAMESPACES])
def test_programs_are_the_first_to_be_killed_when_memory_is_short(absent: tuple[str, ...]) -> None:
    sandbox = Local(Limits(seconds=5), absent=absent)
    session = sandbox.session()
    session.run("x = 1")
    assert session._child is not None
    adjustment = Path(f"/proc/{session._child._pid}/oom_score_adj").read_text()
    session.close()
    sandbox.close()
    assert int(adjustment) == 1000
