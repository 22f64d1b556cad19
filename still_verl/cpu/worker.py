"""verl's workers over gloo alone, and the trainer part that puts them in place."""

from typing import Any

import ray
import torch
from verl.trainer.ppo.utils import Role
from verl.workers.engine_workers import ActorRolloutRefWorker, TrainingWorker, TrainingWorkerConfig


class CpuTrainingWorker(TrainingWorker):
    """Opens the process group before upstream does.

    Upstream asks for `cpu:gloo,cpu:gloo`, which torch refuses as a duplicate; it leaves an open group alone.
    """

    def __init__(self, config: TrainingWorkerConfig) -> None:
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("cpu:gloo")  # rank, size and address are in Ray's environment
        super().__init__(config)


class CpuActorRolloutRefWorker(ActorRolloutRefWorker):
    actor_worker_cls = CpuTrainingWorker
    ref_worker_cls = CpuTrainingWorker


class CpuWorkers:
    """Mixin for a `PPOTrainer`: with `trainer.device=cpu` its workers are those above."""

    config: Any
    role_worker_mapping: dict[Role, Any]

    def _init_resource_pool_mgr(self) -> None:
        super()._init_resource_pool_mgr()  # type: ignore[misc]
        if self.config.trainer.device != "cpu":
            return
        for role in self.role_worker_mapping:
            worker = CpuTrainingWorker if role == Role.Critic else CpuActorRolloutRefWorker
            self.role_worker_mapping[role] = ray.remote(worker)
