"""The worker of the separate asynchronous mode: sets the actor's weights aside while its old ones compute log-probs."""

from __future__ import annotations

from typing import Any

from verl.experimental.separation.engine_workers import DetachActorWorker
from verl.single_controller.base.decorator import Dispatch, register

from still_verl.integration.shards import local_shards, write_shards

STRATEGIES = ("fsdp", "fsdp2")  # whose parameters `shards` knows

_on_every_rank = register(dispatch_mode=Dispatch.ONE_TO_ALL)  # type: ignore[attr-defined]


class SnapshotWorker(DetachActorWorker):
    """Upstream's worker with snapshots that hold wherever the weights are.

    Upstream's snapshot shares memory with weights that are on the CPU already, by offload or without an accelerator: to
    restore it then does nothing. It fails where FSDP2 leaves weights gathered (`reshard_after_forward=false`).
    """

    actor: Any  # the `TrainingWorker` of each
    ref: Any

    @_on_every_rank
    def save_model_to_cpu(self, n: int) -> None:
        """Set the actor's weights aside under a number."""
        if self.config.actor.strategy not in STRATEGIES:
            super().save_model_to_cpu(n)
            return
        shards = local_shards(self.actor.engine.module)
        saved = getattr(self, "cpu_saved_models", {})  # upstream makes it here, too
        saved[n] = {name: shard.to("cpu", copy=True) for name, shard in shards}
        self.cpu_saved_models = saved

    @_on_every_rank
    def restore_model_from_cpu(self, n: int) -> None:
        """Take back the weights that were set aside under a number."""
        if self.config.actor.strategy not in STRATEGIES:
            super().restore_model_from_cpu(n)
            return
        write_shards(self.actor.engine.module, self.cpu_saved_models[n])
