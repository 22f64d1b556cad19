"""What does our wrapper around a worker's loss cost: coefficients, and KL and entropy per token?

    OMP_NUM_THREADS=1 python benchmarks/loss_overhead.py

Calls verl's `ppo_loss` on a micro-batch of 16,000 tokens as it is and in our wrapper, in turn, forward and backward.
The loss gets log-probs: in a job, the model's own forward and backward pass come on top of both.
"""

import statistics
import time
from functools import partial
from typing import Any

import torch
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from rich.console import Console
from tensordict import TensorDict
from verl.utils import tensordict_utils as tu
from verl.utils.config import omega_conf_to_dataclass
from verl.workers.utils.losses import ppo_loss

from still_verl.integration.loss import Loss, SteppedLoss

ROWS, PROMPT, RESPONSE = 16, 24, 1000
ROUNDS = 60


def jagged(tokens: int, learns: bool = False) -> torch.Tensor:
    rows = [torch.randn(tokens, requires_grad=learns) for _ in range(ROWS)]
    return torch.nested.as_nested_tensor(rows, layout=torch.jagged)


def micro_batch() -> TensorDict:
    columns = {name: jagged(RESPONSE) for name in ("old_log_probs", "advantages", "ref_log_prob", "response_mask")}
    columns["response_mask"] = torch.ones_like(columns["response_mask"])
    data = TensorDict(columns | {"prompts": jagged(PROMPT), "responses": jagged(RESPONSE)}, batch_size=ROWS)
    tu.assign_non_tensor(data, dp_size=1, batch_num_tokens=ROWS * RESPONSE, global_batch_size=ROWS)
    return data


def seconds(loss: Loss, data: TensorDict) -> float:
    output: dict[str, Any] = {"log_probs": jagged(PROMPT + RESPONSE, learns=True), "entropy": jagged(PROMPT + RESPONSE)}
    started = time.perf_counter()
    loss(model_output=output, data=data)[0].backward()
    return time.perf_counter() - started


def main() -> None:
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = omega_conf_to_dataclass(compose("ppo_trainer", ["+recipe=demo"]).actor_rollout_ref.actor)
    plain = partial(ppo_loss, config=config)
    wrapped = SteppedLoss(plain, {"kl_loss_coef": 0.01})
    data = micro_batch()
    times: dict[str, list[float]] = {"verl": [], "ours": []}
    for _ in range(ROUNDS):
        times["verl"].append(seconds(plain, data))
        times["ours"].append(seconds(wrapped, data))
    theirs, ours = (1000 * statistics.median(times[name][5:]) for name in ("verl", "ours"))
    Console().print(
        f"loss of {ROWS * RESPONSE} tokens: verl {theirs:.2f} ms, ours {ours:.2f} ms, {ours - theirs:+.2f} ms"
    )


if __name__ == "__main__":
    main()
