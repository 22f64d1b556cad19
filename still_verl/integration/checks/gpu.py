"""What a job on NVIDIA GPUs needs of this machine beside the GPUs: a driver as new as its CUDA, and flash-attn."""

import re
from importlib.util import find_spec
from pathlib import Path

import torch
from omegaconf import DictConfig
from verl.plugin.platform import get_platform
from verl.trainer.ppo.utils import need_critic

from still_verl.config_errors import ConfigError

# The oldest driver that runs programs of a CUDA, by its major version (NVIDIA, CUDA Toolkit Release Notes, table 2).
LEAST_DRIVER = {12: 525, 13: 580}
DRIVER_FILE = Path("/proc/driver/nvidia/version")
FLASH = "flash_attention_2"
# transformers takes the same kernel from the model hub where it finds the second.
FLASH_PACKAGES = ("flash_attn", "kernels")
INSTALL_FLASH = "pip install --no-build-isolation flash-attn==2.8.3 (docs/gpu.md says how to get a wheel)"


def check_driver() -> None:
    """Check that the NVIDIA driver of this machine, where there is one, runs the CUDA that torch was built for.

    Raises:
        ConfigError: it is too old: torch would then see no GPU at all, and say so in a warning only.
    """
    problem = old_driver(driver_version(), torch.version.cuda)
    if problem:
        raise ConfigError(problem)


def old_driver(driver: str | None, cuda: str | None) -> str:
    """Say that a driver is too old for a CUDA; empty if it is not, or if there is none.

    Args:
        driver: e.g. `580.65.06`; None without an NVIDIA driver.
        cuda: e.g. `13.0`; None for a torch without CUDA.

    Example:
        >>> old_driver("570.86.15", "13.0")
        'nvidia driver=570.86.15: CUDA 13.0, which torch was built for, needs 580 or later; install a newer driver'
        >>> old_driver("580.65.06", "13.0"), old_driver("570.86.15", "12.8"), old_driver(None, "13.0")
        ('', '', '')
    """
    if driver is None or cuda is None:
        return ""
    least = LEAST_DRIVER.get(int(cuda.partition(".")[0]), 0)
    if int(driver.partition(".")[0]) >= least:
        return ""
    needed = f"CUDA {cuda}, which torch was built for, needs {least} or later"
    return f"nvidia driver={driver}: {needed}; install a newer driver"


def driver_version(file: Path = DRIVER_FILE) -> str | None:
    """Read the version of the NVIDIA driver that the kernel has loaded; None if there is none."""
    try:
        text = file.read_text()
    except OSError:
        return None
    found = re.search(r"Kernel Module.*?\s(\d+(?:\.\d+)+)\s", text)
    return found.group(1) if found else None


def check_attention(config: DictConfig) -> None:
    """Check that flash-attn is installed where a model asks for it: verl's default does, and transformers then fails.

    Raises:
        ConfigError: names the setting and both ways out.
    """
    if config.trainer.device == "cpu" or get_platform().device_name != "cuda":
        return
    roles = [("actor_rollout_ref", config.actor_rollout_ref.actor.strategy)]
    if need_critic(config):
        roles.append(("critic", config.critic.strategy))
    for role, strategy in roles:
        settings = config[role].model.get("override_config") or {}
        wanted = settings.get("attn_implementation", FLASH)
        if strategy.startswith("fsdp") and wanted == FLASH and not flash_installed():
            key = f"{role}.model.override_config.attn_implementation"
            raise ConfigError(
                f"{key}={FLASH}: the package flash-attn is not installed; {INSTALL_FLASH}, or, slower, "
                f"+{key}=sdpa {role}.model.use_remove_padding=false"
            )


def flash_installed() -> bool:
    """Look for flash-attn, or what transformers takes in its place, without importing it."""
    return any(find_spec(name) is not None for name in FLASH_PACKAGES)
