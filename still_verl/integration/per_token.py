"""KL and entropy per token of a step, over the tokens that the model wrote.

verl's own figures are of other units: `actor/kl_loss` and `actor/entropy` follow `loss_agg_mode`, which may be a sum
over a sequence, and the KL of the reward counts each row that pads the batch as a row with a KL of 0. So each worker
adds up both over the tokens with mask 1, and the trainer divides the sums.
"""

from __future__ import annotations

from typing import Any

import torch
from verl.trainer.ppo.core_algos import kl_penalty
from verl.utils.metric import AggregationType, Metric
from verl.workers.utils.padding import response_from_nested

KL = "still/kl/per_token"
ENTROPY = "still/entropy/per_token"
# What workers report, summed up over micro-batches. verl puts `actor/` in front. "total": the separate asynchronous
# trainer adds up figures that are called so.
_TOKENS = "tokens_total"
_SUMS = {"kl_total": KL, "entropy_total": ENTROPY}


@torch.no_grad()
def token_sums(model_output: dict[str, Any], data: Any, estimator: str) -> dict[str, Metric]:
    """Add up KL and entropy over the tokens of a micro-batch with mask 1, and count these.

    Args:
        model_output: what verl's engine computed; an entropy only if the trainer asked for it.
        data: the micro-batch, with `ref_log_prob` if the step runs the reference model.
        estimator: of the KL, a name of verl's `kl_loss_type`.
    """
    mask = data["response_mask"].values().bool()
    sums = {_TOKENS: mask.sum()}
    log_probs, entropy = model_output.get("log_probs"), model_output.get("entropy")
    if log_probs is not None and "ref_log_prob" in data:
        reference = data["ref_log_prob"].values()
        kl = kl_penalty(_of_responses(log_probs, data), reference, estimator)  # type: ignore[arg-type]
        sums["kl_total"] = _masked_sum(kl, mask)
    if entropy is not None:
        sums["entropy_total"] = _masked_sum(_of_responses(entropy, data), mask)
    return {name: Metric(AggregationType.SUM, value.float()) for name, value in sums.items()}


def _of_responses(values: torch.Tensor, data: Any) -> torch.Tensor:
    """Return what the model computed for the tokens of responses, flat, of a jagged tensor of whole sequences."""
    return response_from_nested(values, data["response_mask"]).values()


def _masked_sum(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return torch.where(mask, values, 0.0).sum()


def divide_sums(metrics: dict[str, Any]) -> None:
    """Replace the sums in the metrics of an update by `KL` and `ENTROPY`, in nats per token; none without tokens."""
    tokens = metrics.pop(f"actor/{_TOKENS}", 0)
    for name, mean in _SUMS.items():
        total = metrics.pop(f"actor/{name}", None)
        if total is not None and tokens > 0:
            metrics[mean] = float(total / tokens)
