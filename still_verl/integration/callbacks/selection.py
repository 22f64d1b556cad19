"""Removes from a batch the samples that the rules of `still.selection` drop.

They leave the batch before log-probs are computed. So they do not count in loss, KL, entropy, advantage statistics and
token counts, and nothing is computed for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from still_verl.config import still_config
from still_verl.dynamics.selection import Group, select
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.transfer_queue import subset

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from still_verl.integration.trainers import StillTrainer
    from still_verl.integration.transfer_queue import Batch


class Selection(Callback):
    """Takes out of the batch what the rules drop, and reports the waste."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.settings = still_config(config).selection

    @property
    def active(self) -> bool:
        return bool(self.settings.rules)

    def on_step_begin(self, trainer: StillTrainer) -> None:
        self.seen = self.dropped = np.zeros(2, dtype=int)  # samples and tokens

    def on_batch(self, trainer: StillTrainer, batch: Batch, metrics: dict[str, Any]) -> Batch:
        rows = trainer.samples.rows(batch)
        samples = Group(rows.correct, rows.tokens, rows.finished, rows.scores, rows.void_turns)
        keep = select(rows.uids, samples, self.settings)
        self.seen = self.seen + [len(keep), rows.tokens.sum()]
        self.dropped = self.dropped + [np.sum(~keep), rows.tokens[~keep].sum()]
        return subset(batch, np.flatnonzero(keep))

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        # Not for each mini-batch: upstream weights their metrics by the samples that are left of each.
        samples, tokens = self.dropped / np.maximum(self.seen, 1)
        metrics["still/selection/dropped_samples"] = float(samples)
        metrics["still/selection/dropped_tokens"] = float(tokens)
