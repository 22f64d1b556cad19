"""What happens in the process of a job before it starts: all checks, then the set-up of the driver."""

from omegaconf import DictConfig, OmegaConf

from still_verl.config import still_config
from still_verl.demo.prepare import prepare_missing
from still_verl.integration.checks.cpu import claim_machine
from still_verl.integration.checks.run_folder import keep_reward
from still_verl.integration.checks.run_length import listed
from still_verl.integration.cpu.driver_server import start_for_driver
from still_verl.integration.registrations import check_loaded_verl as check_version


def prepare_job(config: DictConfig, wait: bool = False) -> None:
    """Check a job, and set up this process for it.

    Args:
        config: the whole job's.
        wait: for another job on CPU to end, where one runs on this machine; else the job is refused.

    Raises:
        ConfigError: the first thing that cannot work.
        UnsupportedVersionError: this verl is not one that we know.
    """
    check_version()
    prepare_missing(named_files(config))
    from still_verl.integration.checks.job import check_job, prepare_driver  # fails on another verl

    if still_config(config).device == "cpu":
        start_imports(config)  # beside the checks
        if wait:
            claim_machine(config, wait=True)  # before the checks: the other job has memory that this one will need
    check_job(config)
    prepare_driver(config)
    keep_reward(config, still_config(config))


def start_imports(config: DictConfig) -> None:
    """Start the fork server of this driver, where the job has a Ray and workers of our making."""
    ray_init = config.ray_kwargs.ray_init
    workers = ray_init.get("runtime_env") or {}
    if not ray_init.get("address") and not workers.get("py_executable"):
        start_for_driver(workers.get("env_vars") or {})


def named_files(config: DictConfig) -> list[str]:
    """List the data files and the model that a job names; what has no value yet is not there."""
    names = []
    for node, key in (
        (config.actor_rollout_ref.model, "path"),
        (config.data, "train_files"),
        (config.data, "val_files"),
    ):
        if not OmegaConf.is_missing(node, key):
            names += listed(node[key])
    return names
