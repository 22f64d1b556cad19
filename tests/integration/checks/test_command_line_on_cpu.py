"""The real command, as a user starts it: it ends with one message before Ray."""

import os
import subprocess
from pathlib import Path

import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
import warm_python

from still_verl.demo.prepare import prepare


def main_ppo(cwd: Path, *overrides: str, **env: str) -> subprocess.CompletedProcess[str]:
    return warm_python.run(["-m", "verl.trainer.main_ppo", *overrides], cwd, os.environ | env)


@pytest.mark.process
def test_the_command_line_ends_with_one_message(tmp_path: Path) -> None:
    done = main_ppo(tmp_path, "+recipe=base", "+still/scale=tiny", "data.train_files=/no/such.parquet")
    assert done.returncode == 1
    last = "still_verl: data.train_files=/no/such.parquet: there is no such file; correct the path"
    assert done.stderr.splitlines()[-1] == last
    assert "Traceback" not in done.stderr and "ray init" not in done.stdout


@pytest.mark.process
def test_an_unknown_recipe_lists_the_known_ones(tmp_path: Path) -> None:
    done = main_ppo(tmp_path, "+recipe=dmeo")
    assert done.returncode == 1
    assert "Could not find 'recipe/dmeo'" in done.stderr and "demo" in done.stderr


@pytest.mark.process
def test_an_unsupported_verl_stops_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "older.py").write_text("import verl\nverl.__version__ = '0.8.0'\n")
    done = main_ppo(tmp_path, "+recipe=base", VERL_USE_EXTERNAL_MODULES="older")
    assert done.returncode == 1
    assert "still_verl needs verl 0.9.0 or 0.9.1, but verl 0.8.0 is installed" in done.stderr


@pytest.mark.process
def test_vllm_missing(tmp_path: Path) -> None:
    (tmp_path / "novllm.py").write_text("import sys\nsys.modules['vllm'] = None\n")  # as if it were not installed
    prepare("random")
    done = main_ppo(tmp_path, "+recipe=base", "+still/scale=tiny", VERL_USE_EXTERNAL_MODULES="novllm")
    assert done.returncode == 1
    assert "vLLM is not installed; on a laptop run `make setup`" in done.stderr
