"""verl's workers over gloo alone."""

import torch
from verl.workers.engine_workers import TrainingWorker, TrainingWorkerConfig

from still_verl.integration.actor_worker import StillActorRolloutRefWorker


class CpuTrainingWorker(TrainingWorker):
    """Opens the process group before upstream does.

    Upstream asks for `cpu:gloo,cpu:gloo`, which torch refuses as a duplicate; it leaves an open group alone.
    """

    def __init__(self, config: TrainingWorkerConfig) -> None:
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("cpu:gloo")  # rank, size and address are in Ray's environment
        super().__init__(config)


class CpuActorRolloutRefWorker(StillActorRolloutRefWorker):
    actor_worker_cls = CpuTrainingWorker
    ref_worker_cls = CpuTrainingWorker
