"""The Ray of a driver: started for a job, and kept for the next one of an ablation where that would start the same.

The actors of a job end with it. What stays is what Ray itself runs, and the fork server of its workers.
"""

import os
import time
from contextlib import nullcontext
from typing import Any

import ray
from omegaconf import DictConfig, OmegaConf

from still_verl.config import still_config
from still_verl.integration.checks.cpu import release_machine
from still_verl.integration.cpu import worker_fork

SECONDS_TO_END = 20.0  # that the actors of a job may take
Settings = dict[str, Any]

_started_with: Settings = {}
_variables: dict[str, str] = {}  # before the job that runs


def start_ray(config: DictConfig) -> None:
    """Keep the Ray of the last job, or end it; start one for a job on CPU, or one that shall be kept."""
    _variables.clear()
    _variables.update(os.environ)
    wanted = settings(config)
    if _started_with:
        changed = differences(_started_with, wanted)
        if changed:
            print(f"still_verl: this job has a Ray of its own, which reads {', '.join(changed)} when it starts")
        if not changed and is_free(SECONDS_TO_END):
            return
        stop_ray()
    from still_verl.integration.checks.machine import joins_cluster  # not above: what ends Ray needs no verl

    still = still_config(config)
    if joins_cluster(config) or not (still.device == "cpu" or still.keep_ray):
        return
    with worker_fork.forked() if still.device == "cpu" else nullcontext():
        start_as_verl_does(config)
    _started_with.update(wanted)


def start_as_verl_does(config: DictConfig) -> None:
    """Let verl start Ray; where it looks for one later, it finds it."""
    from verl.trainer.main_ppo import run_ppo  # not above, as before

    run_ppo(config, NoTask)


class NoTask:
    """A task runner that does nothing, in the form in which verl calls its own."""

    class run:
        """The method of an actor."""

        @staticmethod
        def remote(_config: DictConfig) -> Any:
            """Return at once."""
            return ray.put(None)

    @classmethod
    def options(cls, **_options: Any) -> type["NoTask"]:
        """Return what stands for a class with other options."""
        return cls

    @classmethod
    def remote(cls) -> type["NoTask"]:
        """Return what stands for the actor."""
        return cls


def end_job(config: DictConfig, succeeded: bool) -> None:
    """Keep Ray for a next job, or end it; that job finds no variable which verl has set for this one."""
    if _variables:  # else the job ended before it had a Ray
        restore(_variables)
        _variables.clear()
    if succeeded and _started_with and keeps(config):
        remove_placement_groups()
    else:
        stop_ray()
        release_machine()


def restore(variables: dict[str, str]) -> None:
    """Make the variables of this process what they were; those that are so already are not touched."""
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables.items() - os.environ.items())


def stop_ray() -> None:
    """End Ray, and all that runs in it."""
    ray.shutdown()
    _started_with.clear()


def keeps(config: DictConfig) -> bool:
    """Say whether a job leaves its Ray to the next one that Hydra's own launcher runs in this process."""
    in_turn = config.hydra.mode.name == "MULTIRUN" and config.hydra.launcher._target_.endswith(".BasicLauncher")
    return in_turn and still_config(config).keep_ray


def settings(config: DictConfig) -> Settings:
    """Return what Ray and its workers read when they start, and verl from it."""
    from verl.trainer.constants_ppo import get_ppo_ray_runtime_env  # not above, as before

    rollout = config.actor_rollout_ref.rollout
    found = {
        "ray_kwargs": OmegaConf.to_container(config.ray_kwargs, resolve=True),
        "runtime environment": get_ppo_ray_runtime_env(config),
        "transfer_queue.enable": config.transfer_queue.enable,
        "trainer.logger": OmegaConf.to_container(OmegaConf.create([config.trainer.logger])),
        "full_determinism": rollout.full_determinism and rollout.seed,
    }
    variables = {f"variable {name}": value for name, value in os.environ.items()}
    return found | variables


def differences(one: Settings, other: Settings) -> list[str]:
    """Return the names under which two have something else."""
    return [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]


def remove_placement_groups() -> None:
    """Free the resources that verl reserved for a job: Ray itself does so at the end of its driver."""
    for group in ray.util.placement_group_table().values():
        if group["state"] != "REMOVED":
            ray.util.remove_placement_group(ray.util.get_placement_group(group["name"]))


def is_free(seconds: float) -> bool:
    """Wait until no actor has processors or accelerators; return whether that came to be."""
    deadline = time.monotonic() + seconds
    while True:
        has, free = ray.cluster_resources(), ray.available_resources()
        if all(free.get(name) == has.get(name) for name in ("CPU", "GPU")):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
