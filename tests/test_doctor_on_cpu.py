"""The doctor on this environment, and on copies of it that are broken on purpose."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import still_verl


def doctor(**env: str) -> tuple[int, list[dict[str, object]]]:
    """Exit code and findings of `still-verl doctor --json`, away from the checkout."""
    done = subprocess.run(
        [sys.executable, "-c", "from still_verl.cli import app; app()", "doctor", "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        cwd="/",
        env=os.environ | env,
    )
    return done.returncode, json.loads(done.stdout)["findings"]


def broken_copy(tmp_path: Path, module: str, text: str) -> str:
    """A PYTHONPATH that puts a copy of the package with one damaged module before the installed one."""
    copy = tmp_path / "still_verl"
    shutil.copytree(still_verl.__path__[0], copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("recipes", "reward_fns"):
        if not (copy / folder).exists():
            shutil.copytree(Path(still_verl.__path__[0]).parent / folder, copy / folder)
    (copy / module).write_text(text)
    return str(tmp_path)


def test_this_environment_is_healthy() -> None:
    code, findings = doctor()
    assert code == 0, [f for f in findings if not f["ok"]]
    assert {f["check"] for f in findings} >= {
        "plugin",
        "trainer modes",
        "agent loops",
        "engine",
        "vllm",
        "sandbox",
        "recipes",
    }


def test_the_table_is_for_people() -> None:
    command = [sys.executable, "-m", "still_verl", "doctor"]
    wide = os.environ | {"COLUMNS": "200"}  # so that no cell is broken over lines
    done = subprocess.run(command, capture_output=True, text=True, env=wide)
    assert done.returncode == 0 and "entry point still_verl.plugin loads" in done.stdout
    assert "Warning" not in done.stderr, done.stderr


def test_a_broken_entry_point_is_loud(tmp_path: Path) -> None:
    code, findings = doctor(PYTHONPATH=broken_copy(tmp_path, "plugin.py", "import no_such_package\n"))
    plugin = next(f for f in findings if f["check"] == "plugin")
    assert code == 1 and not plugin["ok"]
    assert "ModuleNotFoundError: No module named 'no_such_package'" in plugin["found"]
    assert "plugin.py:1" in plugin["found"] and "python -c" in plugin["fix"]


def test_a_module_behind_the_plugin_that_fails_is_named(tmp_path: Path) -> None:
    code, findings = doctor(PYTHONPATH=broken_copy(tmp_path, "trainer/modes.py", "def f(:\n"))
    broken = [f for f in findings if not f["ok"]]
    assert code == 1 and any("modes.py:1" in str(f["found"]) for f in broken), broken


def test_a_plugin_that_verl_is_told_to_leave_out(tmp_path: Path) -> None:
    code, findings = doctor(VERL_USE_EXTERNAL_PLUGINS="none")
    policy = next(f for f in findings if f["check"] == "plugin policy")
    assert code == 1 and "unset VERL_USE_EXTERNAL_PLUGINS" in policy["fix"]


def test_a_recipe_with_a_wrong_key_is_named(tmp_path: Path) -> None:
    path = broken_copy(tmp_path, "recipes/recipe/bad.yaml", "# @package _global_\nstill:\n  devise: cpu\n")
    code, findings = doctor(PYTHONPATH=path)
    recipes = next(f for f in findings if f["check"] == "recipes")
    assert code == 1 and "bad: still.devise is not a setting" in recipes["found"]
