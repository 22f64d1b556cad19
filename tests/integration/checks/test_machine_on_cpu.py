"""What a job needs of the packages of this machine."""

import sys
from pathlib import Path

import pytest

from still_verl.config_errors import ConfigError
from still_verl.integration.checks import machine


@pytest.mark.parametrize("where", ["__init__.py", "experimental/ppo/__init__.py"])
def test_a_trl_that_verl_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    make_trl(tmp_path, monkeypatch)
    file = tmp_path / "trl" / where
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("class AutoModelForCausalLMWithValueHead: ...")
    machine.check_trl()


def test_a_trl_that_verl_would_fail_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check a job ends in the workers with an ImportError, a minute after its start."""
    make_trl(tmp_path, monkeypatch)
    with pytest.raises(ConfigError, match="trl=9.9: verl 0.9.1 imports .* own [(]pip uninstall trl[)]"):
        machine.check_trl()


def test_no_trl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    machine.check_trl()


def make_trl(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "trl").mkdir()
    (folder / "trl" / "__init__.py").write_text("")
    (folder / "trl-9.9.dist-info").mkdir()
    (folder / "trl-9.9.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: trl\nVersion: 9.9\n")
    monkeypatch.syspath_prepend(str(folder))
    sys.modules.pop("trl", None)
