"""The pass of the reference, whose workers put into the queue what the loss reads.

Upstream's workers put the log-probs of whole sequences there; the trainer fetches them, cuts out the responses and puts
those back: two more journeys of the batch, through one process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from verl.single_controller.base.decorator import make_nd_compute_dataproto_dispatch_fn, register
from verl.utils import tensordict_utils as tu
from verl.workers.engine_workers import ActorRolloutRefWorker
from verl.workers.utils.padding import response_from_nested

if TYPE_CHECKING:
    from tensordict import TensorDict
    from verl.trainer.ppo.v1.trainer_base import PPOTrainer

    from still_verl.integration.transfer_queue import Batch

    # What stands behind the mixin; at run time it is a mixin of nothing.
    Upstream = PPOTrainer
else:
    Upstream = object


class ReferenceWorker(ActorRolloutRefWorker):
    """verl's worker, with a pass of the reference that returns the responses' part."""

    @register(dispatch_mode=make_nd_compute_dataproto_dispatch_fn(mesh_name="ref"))
    def compute_reference(self, data: TensorDict) -> TensorDict | None:
        """Compute what the reference gives each token of the responses.

        Args:
            data: sequences as upstream's `compute_ref_log_prob` takes them, with `response_mask`.

        Returns:
            `ref_log_prob`, jagged, of shape (sequences, tokens of a response); None on ranks without outputs.
        """
        mask = data["response_mask"]
        output = self.compute_ref_log_prob(data)
        if output is None:
            return None
        found = response_from_nested(output["log_probs"], mask)
        return tu.get_tensordict({"ref_log_prob": found}, {"metrics": tu.get(output, "metrics")})


class ReferencePass(Upstream):
    """Mixin in front of an upstream trainer whose workers are `ReferenceWorker`."""

    config: Any
    ref_in_actor: bool
    ref_policy_wg: Any

    def _compute_ref_log_prob(self, batch: Batch, metrics: dict[str, Any]) -> Batch:
        if self.ref_in_actor:  # the actor without its adapter: a pass of the actor's
            return super()._compute_ref_log_prob(batch, metrics)
        batch.extra_info |= {
            "calculate_entropy": False,
            "compute_loss": False,
            "temperature": self.config.actor_rollout_ref.rollout.temperature,
        }
        output = self.ref_policy_wg.compute_reference(batch)
        assert len(output) == len(batch)
        return batch
