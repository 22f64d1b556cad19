"""Supervised training by upstream's trainer, also on a machine without an accelerator.

Upstream's own entry names two backends for one device there (`cpu:gloo,cpu:gloo`), and cannot start.
"""

import os
import random

import hydra
import numpy as np
import torch
import torch.distributed
import verl  # noqa: F401  (loads the plugin, which brings the recipes)
from omegaconf import DictConfig

# What upstream's worker reads as torchrun sets it; with one process nobody connects to the address.
ONE_RANK = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@hydra.main(config_path="pkg://verl.trainer.config", config_name="sft_trainer_engine", version_base=None)
def main(config: DictConfig) -> None:
    """Train as `verl.trainer.sft_trainer` does."""
    seed(int(config.trainer.seed))
    if config.trainer.device == "cpu":
        train_on_cpu(config)
        return
    from verl.trainer.sft_trainer import run_sft

    run_sft(config)


def train_on_cpu(config: DictConfig) -> None:
    """Open a process group of gloo alone, of one process or of torchrun's, and train."""
    # Not above: upstream chooses its platform when these modules are imported.
    from verl.trainer.sft_trainer import SFTTrainer

    if "WORLD_SIZE" in os.environ:
        torch.distributed.init_process_group("cpu:gloo")
    else:
        os.environ.update(ONE_RANK)
        torch.distributed.init_process_group("cpu:gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        SFTTrainer(config=config).fit()
    finally:
        torch.distributed.destroy_process_group()


def seed(value: int) -> None:
    """Seed all generators: upstream reads `trainer.seed` nowhere."""
    random.seed(value)
    np.random.seed(value)
    torch.manual_seed(value)
