"""`still-verl demo --failure NAME`: real runs of the tiny model that fail, and what the monitor says of each."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from still_verl.demo.registries import FAILURES
from still_verl.monitor.jsonl import json_lines

pytestmark = pytest.mark.e2e

QUICK = ("constant_reward",)  # five steps; the others are of some minutes each
MINUTES = 12  # on a machine that does other things as well


def fail(name: str, folder: Path, *overrides: str) -> tuple[str, list[dict[str, Any]]]:
    """Run a failure, or the healthy demo for an empty name; returns what it printed and its alarms."""
    command = [sys.executable, "-m", "still_verl", "demo", f"still.run_dir={folder / 'run'}", *overrides]
    if name:
        command += ["--failure", name]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60 * MINUTES, env=os.environ | {"COLUMNS": "200"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, list(json_lines(folder / "run" / "alarms.jsonl"))


def critical(alarms: list[dict[str, Any]]) -> set[str]:
    return {alarm["name"] for alarm in alarms if alarm["severity"] == "critical"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in FAILURES]
)
def test_a_failure_rings_its_own_alarm_and_no_other_is_critical(name: str, tmp_path: Path) -> None:
    failure = FAILURES.find(name)
    printed, alarms = fail(name, tmp_path)
    assert any(alarm["name"] == failure.alarm and alarm["severity"] != "info" for alarm in alarms), alarms
    assert critical(alarms) <= {failure.alarm}, alarms
    assert failure.story in printed and failure.alarm in printed and "What the monitor rang" in printed


@pytest.mark.slow
def test_the_healthy_demo_rings_nothing_critical(tmp_path: Path) -> None:
    _, alarms = fail("", tmp_path)
    assert critical(alarms) == set(), alarms
