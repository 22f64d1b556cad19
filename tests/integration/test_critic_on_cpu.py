"""The critic's loss, also of a mini-batch that selection has left empty."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from tensordict import TensorDict
from verl.utils import tensordict_utils as tu
from verl.workers.utils.losses import value_loss

from still_verl.integration.critic import critic_loss
from still_verl.integration.empty_step import forget_filled_in

PROMPT, LENGTHS = 3, (5, 2)


@pytest.fixture(scope="module")
def config() -> Iterator[Any]:
    with initialize_config_module("verl.trainer.config", version_base=None):
        model = "critic.model.path=${actor_rollout_ref.model.path}"
        yield compose("ppo_trainer", ["+recipe=demo", "algorithm.adv_estimator=gae", model]).critic


def jagged(rows: list[torch.Tensor]) -> torch.Tensor:
    return torch.nested.as_nested_tensor(rows, layout=torch.jagged)


def batch(mask: float) -> TensorDict:
    torch.manual_seed(0)
    data = TensorDict(
        {
            "prompts": jagged([torch.ones(PROMPT, dtype=torch.int64) for _ in LENGTHS]),
            "responses": jagged([torch.ones(n, dtype=torch.int64) for n in LENGTHS]),
            "response_mask": jagged([torch.full((n,), mask) for n in LENGTHS]),
            "values": jagged([torch.randn(n) for n in LENGTHS]),
            "returns": jagged([torch.randn(n) for n in LENGTHS]),
        },
        batch_size=2,
    )
    tu.assign_non_tensor(data, dp_size=1, batch_num_tokens=int(mask * sum(LENGTHS)), global_batch_size=2)
    return data


def gradient(loss_fn: Any, data: TensorDict) -> tuple[float, torch.Tensor]:
    torch.manual_seed(1)
    flat = [torch.randn(PROMPT + n, requires_grad=True) for n in LENGTHS]
    loss, _ = loss_fn(model_output={"values": jagged(flat)}, data=data)
    loss.backward()
    return float(loss.detach()), torch.cat([row.grad for row in flat if row.grad is not None])


def test_a_mini_batch_of_padding_alone_teaches_nothing(config: Any) -> None:
    """Upstream divides by its 0 tokens, and the optimizer writes the NaN into every weight."""
    loss, moved = gradient(critic_loss(config), batch(mask=0.0))
    assert loss == 0 and torch.equal(moved, torch.zeros(sum(LENGTHS) + 2 * PROMPT))


def test_any_other_mini_batch_has_the_loss_of_upstream(config: Any) -> None:
    ours = critic_loss(config)
    loss, moved = gradient(ours, batch(mask=1.0))
    expected, expected_moved = gradient(lambda **call: value_loss(config=ours.keywords["config"], **call), batch(1.0))
    assert loss == expected > 0 and torch.equal(moved, expected_moved)


def test_metrics_of_what_was_filled_in_are_left_out() -> None:
    metrics = {"critic/values/mean": 0.0, "critic/vf_explained_var": 1.0, "critic/score/mean": 0.5, "actor/lr": 1.0}
    forget_filled_in(metrics)
    assert metrics == {"critic/score/mean": 0.5, "actor/lr": 1.0}
