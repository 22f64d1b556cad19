"""The command line as a whole; what a command does is tested beside what it calls."""

from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from still_verl import support
from still_verl.cli import app


def test_the_version() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0 and done.output == f"still-verl {version('still-verl')}\n"


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    done = CliRunner().invoke(app, ["verfy"])
    assert done.exit_code == 2 and "Did you mean 'verify'?" in done.output


def test_every_command_has_help_and_an_example() -> None:
    for command in app.registered_commands:
        done = CliRunner().invoke(app, [str(command.name), "--help"])
        assert done.exit_code == 0 and "Example" in done.output, command.name


def test_another_verl_is_refused_before_anything_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "version", lambda _name: "0.8.0")
    done = CliRunner().invoke(app, ["plan", "+recipe=base", "hardware=8xH100-80G"])
    assert done.exit_code == 1
    assert done.stderr == f"still_verl needs verl 0.9.0 or 0.9.1, but verl 0.8.0 is installed: {support.INSTALL_VERL}\n"
