"""What a GPU job needs beside GPUs is named before Ray starts, and by the doctor."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from omegaconf import DictConfig

from still_verl import doctor
from still_verl.config_errors import ConfigError
from still_verl.integration.checks import gpu

LOADED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Wed Jan 22 03:38:10 UTC 2025\nGCC version: gcc 13.3.0\n"
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {}  Release Build  (a@b)  Thu Jul 17 UTC 2025\n"


@pytest.fixture(autouse=True)
def hydra() -> Iterator[None]:
    with initialize_config_module("verl.trainer.config", version_base=None):
        yield


@pytest.fixture
def nvidia(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of NVIDIA's, as far as verl's platform says so."""
    monkeypatch.setattr(gpu, "get_platform", lambda: type("Platform", (), {"device_name": "cuda"}))


@pytest.fixture
def no_flash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "FLASH_PACKAGES", ("no_such_package",))


def job(*overrides: str) -> DictConfig:
    return compose("ppo_trainer", ["+recipe=zero_7b_plain", *overrides])


@pytest.mark.parametrize("text", [LOADED, OPEN])
@pytest.mark.parametrize("version", ["580.65.06", "570.86.15", "550.144"])
def test_the_driver_of_either_kernel_module_is_read(text: str, version: str, tmp_path: Path) -> None:
    (tmp_path / "version").write_text(text.format(version))
    assert gpu.driver_version(tmp_path / "version") == version


@pytest.mark.parametrize("text", [None, "", "something else\n"])
def test_no_driver_is_none(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "version").write_text(text)
    assert gpu.driver_version(tmp_path / "version") is None


@pytest.mark.parametrize(
    ("driver", "cuda", "old"),
    [
        ("579.99", "13.0", True),
        ("580.65.06", "13.0", False),
        ("610.43.02", "13.0", False),
        ("570.86.15", "12.8", False),
        ("520.61", "12.1", True),
        (None, "13.0", False),
        ("570.86.15", None, False),
        ("470.1", "11.8", False),
    ],
)
def test_a_driver_against_the_cuda_of_torch(driver: str | None, cuda: str | None, old: bool) -> None:
    assert bool(gpu.old_driver(driver, cuda)) == old


def test_a_job_under_an_old_driver_ends_with_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "driver_version", lambda: "570.86.15")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    with pytest.raises(ConfigError, match="nvidia driver=570.86.15: CUDA 13.0, .* needs 580 or later; install"):
        gpu.check_driver()


@pytest.mark.usefixtures("nvidia", "no_flash")
@pytest.mark.parametrize("overrides", [[], ["actor_rollout_ref.actor.strategy=fsdp"]])
def test_a_job_without_flash_attn_ends_with_its_name(overrides: list[str]) -> None:
    key = "actor_rollout_ref.model.override_config.attn_implementation"
    with pytest.raises(ConfigError, match=f"^{key}=flash_attention_2: .*flash-attn is not installed.*[+]{key}=sdpa"):
        gpu.check_attention(job(*overrides))


@pytest.mark.usefixtures("nvidia", "no_flash")
def test_a_critic_needs_it_too() -> None:
    sdpa = "+actor_rollout_ref.model.override_config.attn_implementation=sdpa"
    gpu.check_attention(job(sdpa))
    with pytest.raises(ConfigError, match="^critic.model.override_config.attn_implementation=flash_attention_2"):
        gpu.check_attention(job(sdpa, "algorithm.adv_estimator=gae"))
    gpu.check_attention(
        job(sdpa, "algorithm.adv_estimator=gae", "+critic.model.override_config.attn_implementation=sdpa")
    )


@pytest.mark.usefixtures("no_flash")
@pytest.mark.parametrize("overrides", [["still/device=cpu"], ["model_engine=megatron"]])
def test_a_job_that_does_not_use_it_needs_none(overrides: list[str], nvidia: None) -> None:
    gpu.check_attention(job(*overrides))


@pytest.mark.usefixtures("nvidia")
def test_a_job_with_it_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "FLASH_PACKAGES", ("torch",))
    gpu.check_attention(job())


@pytest.mark.usefixtures("no_flash")
def test_the_doctor_names_driver_and_flash_attn_of_a_cuda_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(gpu, "driver_version", lambda: "570.86.15")
    findings = {finding.check: finding for finding in doctor.check_gpu()}
    assert not findings["driver"].ok and "580 or later" in findings["driver"].found
    assert not findings["flash-attn"].ok and findings["flash-attn"].fix == gpu.INSTALL_FLASH


def test_the_doctor_has_nothing_to_say_of_them_without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    assert list(doctor.check_gpu()) == []
