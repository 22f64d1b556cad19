"""How a running vLLM on CPU takes new weights from the actor."""

from typing import Any

import torch
from verl.workers.rollout.vllm_rollout.bucketed_weight_transfer import BucketedWeightReceiver
from verl.workers.rollout.vllm_rollout.utils import vLLMColocateWorkerExtension


class CpuWorkerExtension(vLLMColocateWorkerExtension):
    """Set as `actor_rollout_ref.rollout.engine_kwargs.vllm.worker_extension_cls`.

    vLLM on CPU packs linear weights when it loads them, so upstream's in-place `load_weights` fails after the first
    load. vLLM's own reload restores the unpacked layout, loads and packs again.
    """

    model_runner: Any  # vLLM mixes this class into its worker, which has it

    def update_weights_from_ipc(
        self, peft_config: dict[str, Any] | None = None, base_sync_done: bool = False, use_shm: bool = False
    ) -> None:
        """Receive every bucket, then load: a load that fails must not leave the sender waiting for an answer.

        Raises:
            NotImplementedError: for a LoRA adapter.
        """
        if peft_config is not None:
            raise NotImplementedError("LoRA on CPU: set actor_rollout_ref.model.lora_rank=0 or lora.merge=true")
        weights: list[tuple[str, torch.Tensor]] = []
        receiver = BucketedWeightReceiver(self._get_zmq_handle(), device=torch.device("cpu"), use_shm=use_shm)
        # Clones: on CPU `.to(device)` is a view of the shared memory, which the receiver closes on return.
        receiver.receive_weights(
            on_bucket_received=lambda bucket, is_last: weights.extend((name, w.clone()) for name, w in bucket)
        )
        self.model_runner.reload_weights(weights_iterator=iter(weights))
        repack_lm_head(self.model_runner.model)


def repack_lm_head(model: torch.nn.Module) -> None:
    """Pack a tied output layer again: vLLM's reload skips it, as its weight belongs to the embedding.

    Without this the rollout samples from the head of its first load, and nothing fails.
    """
    lm_head = getattr(model, "lm_head", None)
    if lm_head is not None and hasattr(lm_head, "quant_method"):
        lm_head.quant_method.process_weights_after_loading(lm_head)
