"""The interpolations that recipes use; registered in every process, as Ray workers resolve the config again."""

from datetime import datetime

from omegaconf import OmegaConf

from still_verl import paths
from still_verl.demo.files import home


def register() -> None:
    """The time stamp of the run, paths of shipped files, and the arithmetic that YAML lacks."""
    # Cached: the driver evaluates it for the run folder, and the value travels with the config to every process.
    OmegaConf.register_new_resolver(
        "still.started", lambda: f"{datetime.now():%Y-%m-%d_%H-%M-%S}", use_cache=True, replace=True
    )
    OmegaConf.register_new_resolver("still.reward_fn", paths.reward_fn, replace=True)
    OmegaConf.register_new_resolver("still.demo_model", lambda path: str(home() / path), replace=True)
    OmegaConf.register_new_resolver("still.equals", lambda one, other: one == other, replace=True)
    OmegaConf.register_new_resolver("still.divide", lambda whole, parts: whole // parts, replace=True)
