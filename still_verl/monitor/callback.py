"""The monitor of a run, a callback of our trainer modes."""

# Only types: this may be what a process imports first, before verl's registries exist.
from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from still_verl.monitor.alarms import ConstantReward
from still_verl.monitor.rows import read_rows
from still_verl.trainer.callbacks import Callback

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from transfer_queue import KVBatchMeta
    from verl.trainer.ppo.v1.trainer_base import PPOTrainer

logger = logging.getLogger(__name__)


class Monitor(Callback):
    """Reads the samples of a step once, adds `still/*` metrics, and says aloud what looks wrong."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.constant = ConstantReward()

    def on_metrics(self, trainer: PPOTrainer, batch: KVBatchMeta, metrics: dict[str, Any]) -> None:
        rows = read_rows(batch)
        if self.constant.observe(rows):
            logger.error(self.constant.text(rows, trainer.tokenizer.decode))
        metrics["still/alarm/constant_reward"] = float(self.constant.ringing)
