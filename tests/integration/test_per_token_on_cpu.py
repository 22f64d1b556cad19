"""KL and entropy per token: over the tokens that the model wrote, whatever else verl's own figures follow."""

import dataclasses
import math
from functools import partial
from typing import Any

import pytest
import torch
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from tensordict import TensorDict
from verl.utils import tensordict_utils as tu
from verl.utils.config import omega_conf_to_dataclass
from verl.utils.metric import Metric, reduce_metrics
from verl.utils.py_functional import append_to_dict
from verl.workers.utils.losses import ppo_loss

from still_verl.integration.loss import SteppedLoss
from still_verl.integration.per_token import ENTROPY, KL, divide_sums

PROMPT, LENGTH = 3, 8


@pytest.fixture(scope="module")
def actor_config() -> Any:
    with initialize_config_module("verl.trainer.config", version_base=None):
        return omega_conf_to_dataclass(compose("ppo_trainer", ["+recipe=demo"]).actor_rollout_ref.actor)


def jagged(rows: list[torch.Tensor]) -> torch.Tensor:
    return torch.nested.as_nested_tensor(rows, layout=torch.jagged)


def micro_batch(real: int, padding: int, tokens: int, kl: float = 0.1) -> tuple[TensorDict, dict[str, torch.Tensor]]:
    """Rows whose log-probs are `kl` above the reference's, and rows as verl pads a batch: one token with mask 0."""
    lengths = [LENGTH] * real + [1] * padding
    masks = [torch.ones(LENGTH)] * real + [torch.zeros(1)] * padding
    zeros = [torch.zeros(n) for n in lengths]
    data = TensorDict(
        {
            "prompts": jagged([torch.ones(PROMPT, dtype=torch.int64) for _ in lengths]),
            "responses": jagged([torch.ones(n, dtype=torch.int64) for n in lengths]),
            "response_mask": jagged(masks),
            "old_log_probs": jagged(zeros),
            "advantages": jagged(zeros),
            "ref_log_prob": jagged([torch.full((n,), -kl) for n in lengths]),
        },
        batch_size=len(lengths),
    )
    tu.assign_non_tensor(data, dp_size=1, batch_num_tokens=tokens, global_batch_size=len(lengths))
    output = {
        "log_probs": jagged([torch.zeros(PROMPT + n, requires_grad=True) for n in lengths]),
        "entropy": jagged([torch.full((PROMPT + n,), 0.7) for n in lengths]),
    }
    return data, output


def measured(loss: Any, *micro_batches: tuple[TensorDict, dict[str, torch.Tensor]]) -> dict[str, Any]:
    """The metrics of an update whose only mini-batch is split into these, as verl's worker and trainer reduce them."""
    metrics: dict[str, Any] = {}
    for data, output in micro_batches:
        append_to_dict(metrics, loss(model_output=output, data=data)[1], prefix="actor/")
    reduced: dict[str, Any] = reduce_metrics(metrics)
    divide_sums(reduced)
    return reduced


@pytest.mark.parametrize(("real", "padding"), [(64, 0), (32, 32), (6, 58), (1, 63)])
@pytest.mark.parametrize("mode", ["token-mean", "seq-mean-token-sum-norm", "seq-mean-token-sum", "seq-mean-token-mean"])
def test_they_count_real_tokens_alone_in_every_mode(actor_config: Any, real: int, padding: int, mode: str) -> None:
    config = dataclasses.replace(actor_config, loss_agg_mode=mode, kl_loss_type="kl")
    loss = SteppedLoss(partial(ppo_loss, config=config), {})
    found = measured(loss, micro_batch(real, padding, tokens=LENGTH * real))
    assert found[KL] == pytest.approx(0.1, abs=1e-6) and found[ENTROPY] == pytest.approx(0.7, abs=1e-6)
    assert not [name for name in found if name.endswith("_total")]


def test_micro_batches_weigh_as_many_tokens_as_they_have(actor_config: Any) -> None:
    loss = SteppedLoss(partial(ppo_loss, config=dataclasses.replace(actor_config, kl_loss_type="kl")), {})
    parts = [micro_batch(3, 1, 32, kl=0.1), micro_batch(1, 0, 32, kl=0.5), micro_batch(0, 4, 32, kl=9.0)]
    assert measured(loss, *parts)[KL] == pytest.approx((3 * 0.1 + 0.5) / 4, abs=1e-6)


def test_the_kl_is_that_of_the_jobs_estimator(actor_config: Any) -> None:
    loss = SteppedLoss(partial(ppo_loss, config=actor_config), {"kl_loss_type": "low_var_kl"})
    assert measured(loss, micro_batch(2, 2, 16))[KL] == pytest.approx(math.exp(-0.1) - 1 + 0.1, abs=1e-6)


def test_without_tokens_nothing_was_measured(actor_config: Any) -> None:
    found = measured(SteppedLoss(partial(ppo_loss, config=actor_config), {}), micro_batch(0, 4, tokens=0))
    assert KL not in found and ENTROPY not in found


def test_what_was_not_computed_is_not_measured(actor_config: Any) -> None:
    data, output = micro_batch(2, 0, 16)
    found = measured(
        SteppedLoss(partial(ppo_loss, config=actor_config), {"use_kl_loss": False}),
        (data.exclude("ref_log_prob"), {"log_probs": output["log_probs"]}),
    )
    assert KL not in found and ENTROPY not in found


def test_ranks_weigh_as_many_tokens_as_they_have(actor_config: Any) -> None:
    """verl takes the mean over ranks of each sum, which divides both sums by the same number."""
    loss = SteppedLoss(partial(ppo_loss, config=dataclasses.replace(actor_config, kl_loss_type="kl")), {})
    ranks = []
    for real, kl in ((3, 0.1), (1, 0.5)):
        data, output = micro_batch(real, 4 - real, 32, kl=kl)
        ranks.append(loss(model_output=output, data=data)[1])
    metrics = {
        f"actor/{name}": Metric.aggregate_dp([rank[name] for rank in ranks]) for name in ("kl_total", "tokens_total")
    }
    divide_sums(metrics)
    assert metrics == {KL: pytest.approx((3 * 0.1 + 0.5) / 4, abs=1e-6)}
