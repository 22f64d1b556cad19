"""The Ray of a driver over the jobs of an ablation: one real Ray, or another where it must be."""

import json
import subprocess
import sys

import pytest
from hydra.types import RunMode
from omegaconf import OmegaConf

from still_verl.integration.driver_ray import differences, keeps

BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"

# Prints the node of Ray in each job: a Ray that is kept has the same.
PROGRAM = """
import json, os, sys, verl
from hydra import compose, initialize_config_module
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict
import ray
from ray.util.placement_group import placement_group
from still_verl.integration import driver_ray

driver_ray.SECONDS_TO_END = 2.0
BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"

def job(*overrides):
    plain_workers = f"+ray_kwargs.ray_init.runtime_env.py_executable={sys.executable}"
    with initialize_config_module("verl.trainer.config", version_base=None):
        own = ["trainer.n_gpus_per_node=1", "still.run_dir=x", plain_workers, *overrides]
        config = compose("ppo_trainer", overrides=["+recipe=demo", *own])
    with open_dict(config):
        config.hydra = {"mode": RunMode.MULTIRUN, "launcher": {"_target_": BASIC}}
    return config

@ray.remote(num_cpus=1)
class Holder:
    def reserve(self):
        self.group = placement_group([{"CPU": 1, "GPU": 1}], name="of_a_job")
        ray.get(self.group.ready())

def node():
    return ray.nodes()[0]["NodeID"] if ray.is_initialized() else None

said = {}
driver_ray.start_ray(job())
said["first"] = node()
holder = Holder.remote()
ray.get(holder.reserve.remote())
del holder
os.environ["SET_BY_VERL"] = "1"
driver_ray.end_job(job(), succeeded=True)
said["after a job"], said["variable"] = node(), os.environ.get("SET_BY_VERL")
driver_ray.start_ray(job("data.seed=2"))
said["the next job"] = node()
said["free"] = ray.available_resources().get("GPU")
driver_ray.end_job(job(), succeeded=True)
driver_ray.start_ray(job("ray_kwargs.ray_init.num_cpus=7"))
said["other settings"] = node()
holder = Holder.remote()
ray.get(holder.reserve.remote())
driver_ray.end_job(job(), succeeded=True)
driver_ray.start_ray(job("ray_kwargs.ray_init.num_cpus=7"))
said["an actor that does not end"] = node()
driver_ray.end_job(job(), succeeded=True)
said["kept"] = node()
driver_ray.end_job(job(), succeeded=False)
said["after a failure"] = node()
print(json.dumps(said))
"""


@pytest.mark.process
def test_a_ray_is_kept_for_a_job_that_would_start_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-4000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["first"] == said["after a job"] == said["the next job"] and said["free"] == 1
    assert said["variable"] is None
    assert len({said["first"], said["other settings"], said["an actor that does not end"]}) == 3
    assert said["kept"] == said["an actor that does not end"]
    assert said["after a failure"] is None
    assert "this job has a Ray of its own, which reads ray_kwargs when it starts" in done.stdout


@pytest.mark.parametrize(
    ("keep", "mode", "launcher", "keeps_it"),
    [
        (True, RunMode.MULTIRUN, BASIC, True),
        (False, RunMode.MULTIRUN, BASIC, False),
        (True, RunMode.RUN, BASIC, False),  # one job alone
        (True, RunMode.MULTIRUN, "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher", False),
    ],
)
def test_a_job_keeps_its_ray_where_others_follow_in_this_process(
    keep: bool, mode: RunMode, launcher: str, keeps_it: bool
) -> None:
    node = {"still": {"keep_ray": keep}, "hydra": {"mode": mode, "launcher": {"_target_": launcher}}}
    assert keeps(OmegaConf.create(node)) is keeps_it


def test_what_differs_is_named() -> None:
    one = {"ray_kwargs": {"ray_init": {"num_cpus": 1}}, "variable A": "1", "variable B": "1"}
    other = {"ray_kwargs": {"ray_init": {"num_cpus": 1}}, "variable A": "2", "variable C": "1"}
    assert differences(one, other) == ["variable A", "variable B", "variable C"]
    assert differences(one, dict(one)) == []
