"""A callback that sorts a batch: rollouts end in any order, and sums of floating point numbers depend on it."""

import numpy as np

from still_verl.integration.callbacks.base import Callback
from still_verl.integration.transfer_queue import subset


class SortedBatch(Callback):
    def on_batch(self, trainer, batch, metrics):
        rows = trainer.samples.rows(batch)
        responses = [ids.tolist() for ids in rows.response_ids]
        tokens = list(zip(trainer.samples.prompts(rows.keys), responses, strict=True))
        order = sorted(range(len(tokens)), key=lambda row: tokens[row])
        return subset(batch, np.array(order))
