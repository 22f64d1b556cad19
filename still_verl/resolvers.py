"""The interpolations that recipes use; registered in every process, as Ray workers resolve the config again."""

import operator
from datetime import datetime

from omegaconf import OmegaConf

from still_verl import paths
from still_verl.demo.files import home

# The value of `actor.strategy` that verl's own configs give to each class.
ENGINES = {
    "FSDPActorConfig": "fsdp2",
    "McoreActorConfig": "megatron",
    "VeOmniActorConfig": "veomni",
    "TorchTitanActorConfig": "torchtitan",
}


def register() -> None:
    """Register the time stamp of the run, paths of shipped files, and the arithmetic that YAML lacks."""
    # Cached: the driver evaluates it for the run folder, and the value travels with the config to every process.
    OmegaConf.register_new_resolver("still.started", _now, use_cache=True, replace=True)
    OmegaConf.register_new_resolver("still.reward_fn", paths.reward_fn, replace=True)
    OmegaConf.register_new_resolver("still.demo_model", _demo_file, replace=True)
    for name in ("still.equals", "still.same"):  # the second is its name until 0.1, for one release
        OmegaConf.register_new_resolver(name, operator.eq, replace=True)
    for name in ("still.divide", "still.part"):  # likewise
        OmegaConf.register_new_resolver(name, operator.floordiv, replace=True)
    OmegaConf.register_new_resolver("still.updates", _mini_batch, replace=True)
    OmegaConf.register_new_resolver("still.sum", operator.add, replace=True)
    OmegaConf.register_new_resolver("still.ranks", _ranks, replace=True)
    OmegaConf.register_new_resolver("still.engine", _engine, replace=True)


def _now() -> str:
    return f"{datetime.now():%Y-%m-%d_%H-%M-%S}"


def _mini_batch(prompts: int, updates: int) -> int:
    """Return the prompts of a mini-batch; of a step with fewer prompts than updates, each is one."""
    return max(prompts // updates, 1)


def _ranks(trainer: int, nodes: int, on_each: int) -> int:
    """Return the ranks of a job on one machine: the trainer's, and those of a rollout beside it."""
    return trainer + nodes * on_each


def _engine(actor: str) -> str:
    """Return the engine of one of verl's classes of actor settings, FSDP2 in place of FSDP1.

    A recipe cannot see `model_engine`, which chooses the class: Hydra resolves a choice within its list of defaults.
    """
    return ENGINES[actor.rpartition(".")[2]]


def _demo_file(path: str) -> str:
    return str(home() / path)
