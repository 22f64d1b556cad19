"""The doctor on this environment, and on copies of it that are broken on purpose. A run takes ten seconds: few runs."""

import json
import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import warm_python
from rich.console import Console

import still_verl
from still_verl import doctor
from still_verl.doctor import Finding

WIDE = 400  # characters, so that no cell of a table is broken over lines


DOCTOR = ["-c", "from still_verl.cli import app; app()", "doctor"]


def run_doctor(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`still-verl doctor`, away from the checkout."""
    done = warm_python.run([*DOCTOR, *args], "/", os.environ | {"COLUMNS": str(WIDE)} | env)
    assert "Warning" not in done.stderr, done.stderr
    return done


def broken_copy(folder: Path, damage: dict[str, str]) -> str:
    """A PYTHONPATH that puts a copy of the package with damaged files before the installed one."""
    package = Path(still_verl.__path__[0])
    copy = folder / "still_verl"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("recipes", "reward_fns"):
        if not (copy / name).exists():
            shutil.copytree(package.parent / name, copy / name)
    for name, text in damage.items():
        assert (copy / name).parent.is_dir()
        (copy / name).write_text(text)
    return str(folder)


@pytest.mark.process
def test_this_environment_is_healthy() -> None:
    """In a Python of its own: a library that warns when it is imported would not warn in a fork."""
    command = [sys.executable, *DOCTOR, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd="/")
    assert "Warning" not in done.stderr, done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert done.returncode == 0, [f for f in findings if not f["ok"]]
    names = {f["check"] for f in findings}
    assert names >= {"plugin", "trainer modes", "agent loops", "engine", "vllm", "sandbox", "recipes"}
    plugin = next(f for f in findings if f["check"] == "plugin")
    assert plugin["found"] == "entry point still_verl.plugin loads"


@pytest.mark.process
def test_a_broken_entry_point_is_loud(tmp_path: Path) -> None:
    copy = broken_copy(tmp_path, {"plugin.py": "import no_such_package\n"})
    done = run_doctor(PYTHONPATH=copy)
    assert done.returncode == 1
    row = next(line for line in done.stdout.splitlines() if "│ plugin " in line)
    assert "broken" in row
    assert "ModuleNotFoundError: No module named 'no_such_package'" in row
    assert "plugin.py:1" in row and "python -c" in row


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Findings, by check, about a copy that is broken in three places, which do not hide one another."""
    damage = {
        "integration/trainers.py": "def f(:\n",
        "recipes/recipe/bad.yaml": "# @package _global_\nstill:\n  devise: cpu\n",
    }
    copy = broken_copy(tmp_path_factory.mktemp("broken"), damage)
    done = run_doctor("--json", PYTHONPATH=copy, VERL_USE_EXTERNAL_PLUGINS="none")
    assert done.returncode == 1
    return {f["check"]: f for f in json.loads(done.stdout)["findings"] if not f["ok"]}


@pytest.mark.process
def test_a_module_behind_the_plugin_that_fails_is_named(broken: dict[str, dict[str, str]]) -> None:
    assert any("trainers.py:1" in finding["found"] for finding in broken.values()), broken


@pytest.mark.process
def test_a_plugin_that_verl_is_told_to_leave_out(broken: dict[str, dict[str, str]]) -> None:
    assert "unset VERL_USE_EXTERNAL_PLUGINS" in broken["plugin policy"]["fix"]


@pytest.mark.process
def test_a_recipe_with_a_wrong_key_is_named(broken: dict[str, dict[str, str]]) -> None:
    assert "bad: still.devise='cpu' is not a setting" in broken["recipes"]["found"]


def test_the_table_is_for_people() -> None:
    findings = [Finding("plugin", True, "loads"), Finding("vllm", False, "none", "pip install 'still-verl[gpu]'")]
    screen = StringIO()
    Console(file=screen, width=WIDE).print(doctor.as_table(findings))
    good, bad = [line for line in screen.getvalue().splitlines() if line.startswith("│")]
    assert "ok" in good and "broken" in bad and "'still-verl[gpu]'" in bad


REQUIREMENTS = ["numpy>=999", "rich", "no-such-package>=1", "verl==0.0; extra == 'verl'", "vllm==0.0; extra == 'gpu'"]


@pytest.mark.parametrize("verl", [True, False])
def test_what_verl_needs_counts_beside_a_verl_only(verl: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requires", lambda _name: REQUIREMENTS)
    monkeypatch.setattr(doctor, "verl_installed", lambda: verl)
    _python, packages = doctor.check_requirements()
    assert not packages.ok and "numpy>=999 (found " in packages.found
    assert packages.found.count("(found nothing)") == 1
    assert packages.fix.startswith("pip install 'numpy>=999' 'no-such-package>=1'")
    assert packages.fix.endswith(" 'verl==0.0'") == verl


@pytest.mark.parametrize(
    ("shm", "disk", "fix"),
    [(16, 100, ""), (0.06, 100, "--shm-size=16g"), (16, 1, "still.run_dir"), (0.06, 1, "--shm-size=16g")],
)
def test_room_that_a_run_would_fill(shm: float, disk: float, fix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    free = {"/dev/shm": shm, ".": disk}
    monkeypatch.setattr(psutil, "disk_usage", lambda path: SimpleNamespace(free=free[path] * 2**30))
    (finding,) = doctor.check_room()
    assert finding.ok == (not fix) and fix in finding.fix
    assert f"{shm:.1f} GiB of /dev/shm and {disk:.0f} GiB of disk" in finding.found
