"""The part of a trainer that runs without an accelerator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ray
from verl.trainer.ppo.utils import Role

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
    POLL_SECONDS = 0.25

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
