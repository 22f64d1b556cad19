"""The part of a trainer that runs without an accelerator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ray
from verl.trainer.ppo.utils import Role

from still_verl.integration.transfer_queue import without_texts

if TYPE_CHECKING:
    from verl.trainer.ppo.v1.replay_buffer import ReplayBuffer
    from verl.trainer.ppo.v1.trainer_base import PPOTrainer

    # What stands behind the mixin in a trainer; at run time it is a mixin of nothing.
    Upstream = PPOTrainer
else:
    Upstream = object


class CpuTrainer(Upstream):
    """Mixin in front of a `PPOTrainer`: with `trainer.device=cpu` its workers are those of `worker`."""

    # Upstream looks for finished rollouts every 2 s, longer than a whole step of a tiny model takes.
    POLL_SECONDS = 0.1

    config: Any
    role_worker_mapping: dict[Role, Any]

    def _init_resource_pool_mgr(self) -> None:
        super()._init_resource_pool_mgr()
        if self.config.trainer.device != "cpu":
            return
        from still_verl.integration.cpu.worker import CpuActorRolloutRefWorker, CpuTrainingWorker

        for role in self.role_worker_mapping:
            worker = CpuTrainingWorker if role == Role.Critic else CpuActorRolloutRefWorker
            self.role_worker_mapping[role] = ray.remote(worker)

    def _build_replay_buffer(self) -> ReplayBuffer:
        buffer = super()._build_replay_buffer()
        if self.config.trainer.device == "cpu":
            buffer.poll_interval = self.POLL_SECONDS
        return buffer


def _with_tensors(method: str) -> Callable[..., Any]:
    """Return a method of upstream's that sends the batch to the workers, which then fetch no text with it."""

    def call(self: CpuTrainer, batch: Any, *args: Any, **kwargs: Any) -> Any:
        upstream = getattr(super(CpuTrainer, self), method)
        if self.config.trainer.device != "cpu":
            return upstream(batch, *args, **kwargs)
        fields, batch.fields = batch.fields, without_texts(batch)
        try:
            return upstream(batch, *args, **kwargs)
        finally:
            batch.fields = fields

    call.__name__ = method
    return call


for _method in ("_compute_old_log_prob", "_compute_ref_log_prob", "_compute_values", "_update_critic", "_update_actor"):
    setattr(CpuTrainer, _method, _with_tensors(_method))
