"""Commands that are printed can be pasted: settings compose, paths with spaces are quoted."""

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.config import still_config
from still_verl.monitor.registries import DETECTORS
from still_verl.plan.compose import job_config
from still_verl.report.paste import SETTING, report_command, training_command

ADVISED = sorted({setting for name in DETECTORS for setting in SETTING.findall(DETECTORS.find(name).advice)})


def test_some_advice_names_a_setting() -> None:
    assert "still.selection.rules=[overlong]" in ADVISED and len(ADVISED) >= 3


@pytest.mark.parametrize("setting", ADVISED)
def test_what_is_advised_composes(setting: str, tmp_path: Path) -> None:
    command = training_command(str(tmp_path), f"do this or that, or use {setting}, or stop.")
    *_, recipe, quoted = command.split(" ")
    still_config(job_config([recipe, *shlex.split(quoted)]))  # raises for what cannot be set


def test_the_overrides_of_a_run_of_ours_are_kept(tmp_path: Path) -> None:
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").write_text(
        "- +recipe=zero_7b\n- data.train_files=[a b.parquet]\n- still/entropy=none\n"
    )
    command = training_command(str(tmp_path), "use still/entropy=adaptive or a higher temperature")
    assert shlex.split(command) == [
        "python",
        "-m",
        "verl.trainer.main_ppo",
        "+recipe=zero_7b",
        "data.train_files=[a b.parquet]",
        "still/entropy=adaptive",
    ]
    assert training_command(str(tmp_path), "read samples") == ""


def test_a_path_is_quoted() -> None:
    assert shlex.split(report_command("my runs/a#b"))[2] == "my runs/a#b"


def test_the_command_prints_them_and_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    evil = "still/reward/\x1b]0;title\x07\x1b[31mred"
    rows = [
        {"step": s, "critic/score/mean": 0.5, "completions/clipped_ratio": 0.0 if s < 60 else 0.9, evil: 0.5}
        for s in range(120)
    ]
    (tmp_path / "a b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = CliRunner().invoke(app, ["diagnose", str(tmp_path / "a b.jsonl")])
    assert "WARNING truncation" in result.stdout
    assert f"$ still-verl report '{tmp_path}/a b.jsonl' -o report.html" in result.stdout
    paste = "$ python -m verl.trainer.main_ppo YOUR_OVERRIDES +recipe=base 'still.selection.rules=[overlong]'"
    assert paste in result.stdout
    assert "\x1b" not in result.stdout and "\x07" not in result.stdout and "red" in result.stdout
