"""What a job needs of this machine: the engines that it names, and accelerators where no cluster has them."""

import os
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from omegaconf import DictConfig
from verl.plugin.platform import get_platform

from still_verl.config_errors import ConfigError

# The package behind a name of verl's, where that is another one than verl.
ROLLOUT_PACKAGES = {"vllm": "vllm", "sglang": "sglang", "trtllm": "tensorrt_llm"}
STRATEGY_PACKAGES = {"megatron": "megatron.core", "veomni": "veomni", "torchtitan": "torchtitan"}
TRL_CLASS = "AutoModelForCausalLMWithValueHead"
TRACKER_PACKAGES = {
    "wandb": "wandb",
    "mlflow": "mlflow",
    "swanlab": "swanlab",
    "vemlp_wandb": "volcengine_ml_platform",
    "tensorboard": "tensorboard",
    "clearml": "clearml",
    "trackio": "trackio",
}


def check_packages(config: DictConfig) -> None:
    """Check that the engines for rollout and training are installed."""
    name = config.actor_rollout_ref.rollout.name
    if not installed(ROLLOUT_PACKAGES.get(name)):
        if name == "vllm":
            raise ConfigError(
                "actor_rollout_ref.rollout.name=vllm: vLLM is not installed; on a laptop run `make setup`, "
                "with GPUs `pip install 'still-verl[gpu]'`"
            )
        raise ConfigError(f"actor_rollout_ref.rollout.name={name}: {ROLLOUT_PACKAGES[name]} is not installed; use vllm")
    check_trl()
    strategy = config.actor_rollout_ref.actor.strategy
    if not installed(STRATEGY_PACKAGES.get(strategy)):
        raise ConfigError(
            f"actor_rollout_ref.actor.strategy={strategy}: {STRATEGY_PACKAGES[strategy]} is not installed; install it, "
            "or use fsdp2"
        )


def check_trl() -> None:
    """Check that an installed TRL is one that verl knows: it patches a class that newer ones do not have."""
    spec = find_spec("trl")
    if spec is None or spec.origin is None:
        return
    init = Path(spec.origin)
    for file in (init, init.parent / "experimental" / "ppo" / "__init__.py"):
        if file.is_file() and TRL_CLASS in file.read_text():
            return
    raise ConfigError(
        f"trl={version('trl')}: verl 0.9.1 imports {TRL_CLASS} from an installed TRL, which this one does not have: "
        "give TRL an environment of its own (pip uninstall trl)"
    )


def check_trackers(config: DictConfig) -> None:
    """Check that the package of each tracker is installed; verl imports it when workers are up."""
    names = config.trainer.logger
    for name in [names] if isinstance(names, str) else names or ():
        package = TRACKER_PACKAGES.get(name)
        if not installed(package):
            raise ConfigError(f"trainer.logger={name}: the package {package} is not installed; pip install {package}")


def installed(package: str | None) -> bool:
    """Look for a package without importing it; None needs none."""
    if package is None:
        return True
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # its parent is not there, or it is blocked
        return False


def check_accelerators(config: DictConfig) -> None:
    """Check that this machine has the accelerators of the job, unless a Ray cluster has them.

    Raises:
        ConfigError: it has none, or too few.
    """
    if config.trainer.device == "cpu" or joins_cluster(config):
        return
    count = get_platform().device_count() if get_platform().is_available() else 0
    nodes, wanted = config.trainer.nnodes, config.trainer.n_gpus_per_node
    cluster = "give the address of a Ray cluster, +ray_kwargs.ray_init.address=auto"
    if count == 0:
        raise ConfigError(
            f"trainer.device={config.trainer.device}: this machine has no accelerator; add still/device=cpu to train a "
            f"small model without one, or {cluster}"
        )
    if nodes > 1:
        raise ConfigError(f"trainer.nnodes={nodes}: this machine alone is one node; {cluster}")
    if wanted > count:
        raise ConfigError(
            f"trainer.n_gpus_per_node={wanted}: this machine has {count}; use {count} or less, or {cluster}"
        )


def joins_cluster(config: DictConfig) -> bool:
    """Say whether the job runs in a Ray cluster that is there already; Ray finds one of this machine by itself."""
    if config.ray_kwargs.ray_init.get("address") or os.environ.get("RAY_ADDRESS"):
        return True
    from ray._private.services import find_bootstrap_address

    return find_bootstrap_address(None) is not None
