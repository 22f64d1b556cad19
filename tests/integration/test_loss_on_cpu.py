"""The loss that the workers get: each coefficient acts once, with the value of the step."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from tensordict import TensorDict
from verl.utils import tensordict_utils as tu

from still_verl.integration.loss import LossSettings

PROMPT, LENGTHS = 3, (5, 2)
TOKENS = sum(LENGTHS)


class Workers:
    """Takes the place of verl's worker group: keeps what `set_loss_fn` would send to every rank."""

    sent: list[Any]

    def __init__(self) -> None:
        self.sent = []

    def set_loss_fn(self, loss_fn: Any) -> None:
        self.sent.append(loss_fn)


@pytest.fixture(scope="module")
def actor_config() -> Iterator[Any]:
    with initialize_config_module("verl.trainer.config", version_base=None):
        yield compose("ppo_trainer", ["+recipe=demo"]).actor_rollout_ref.actor


def jagged(rows: list[torch.Tensor]) -> torch.Tensor:
    return torch.nested.as_nested_tensor(rows, layout=torch.jagged)


def batch(tokens: int = TOKENS) -> TensorDict:
    torch.manual_seed(0)
    rows = {name: jagged([torch.randn(n) for n in LENGTHS]) for name in ("old_log_probs", "advantages", "ref_log_prob")}
    ones = jagged([torch.ones(n) for n in LENGTHS])
    data = TensorDict(
        {
            "prompts": jagged([torch.ones(PROMPT, dtype=torch.int64) for _ in LENGTHS]),
            "responses": jagged([torch.ones(n, dtype=torch.int64) for n in LENGTHS]),
            "response_mask": ones if tokens else ones * 0,
            **rows,
        },
        batch_size=2,
    )
    tu.assign_non_tensor(data, dp_size=1, batch_num_tokens=tokens, global_batch_size=2)
    return data


def gradient(actor_config: Any, data: TensorDict, entropy: bool = False, **values: Any) -> tuple[torch.Tensor, dict]:
    """The gradient with respect to the log-probs of all tokens, and the metrics of the worker."""
    settings, workers = LossSettings(actor_config), Workers()
    settings.set(**values)
    settings.send(workers)
    torch.manual_seed(1)
    flat = [torch.randn(PROMPT + n, requires_grad=True) for n in LENGTHS]
    output = {"log_probs": torch.nested.as_nested_tensor(flat, layout=torch.jagged)}
    if entropy:
        output["entropy"] = torch.nested.as_nested_tensor([2 * row for row in flat], layout=torch.jagged)
    loss, metrics = workers.sent[0](model_output=output, data=data)
    loss.backward()
    return torch.cat([row.grad[PROMPT - 1 : -1] for row in flat]), metrics


def log_probs() -> torch.Tensor:
    torch.manual_seed(1)
    return torch.cat([torch.randn(PROMPT + n)[PROMPT - 1 : -1] for n in LENGTHS])


@pytest.mark.parametrize("coefficient", [1e-3, 0.5, 2.0])
def test_the_kl_term_is_added_once_with_the_coefficient_of_the_step(actor_config: Any, coefficient: float) -> None:
    """The study's code added it twice. k3 is exp(r - p) - (r - p) - 1, so its slope in p is 1 - exp(r - p)."""
    without, _ = gradient(actor_config, batch(), use_kl_loss=False, kl_loss_coef=0.0)
    with_kl, metrics = gradient(actor_config, batch(), use_kl_loss=True, kl_loss_coef=coefficient)
    reference = batch()["ref_log_prob"].values()
    slope = (1 - torch.exp(reference - log_probs())) / TOKENS
    torch.testing.assert_close(with_kl, without + coefficient * slope, atol=1e-5, rtol=0)
    assert metrics["kl_coef"] == coefficient


def test_zero_and_no_kl_are_the_same_gradient(actor_config: Any) -> None:
    without, metrics = gradient(actor_config, batch(), use_kl_loss=False, kl_loss_coef=0.7)
    zero, _ = gradient(actor_config, batch(), use_kl_loss=True, kl_loss_coef=0.0)
    torch.testing.assert_close(zero, without, atol=0, rtol=0)
    assert metrics["kl_coef"] == 0.0


def test_the_entropy_bonus_has_the_coefficient_of_the_step(actor_config: Any) -> None:
    without, _ = gradient(actor_config, batch(), entropy=True, use_kl_loss=False, entropy_coeff=0.0)
    with_bonus, metrics = gradient(actor_config, batch(), entropy=True, use_kl_loss=False, entropy_coeff=0.3)
    torch.testing.assert_close(with_bonus, without - 0.3 * 2 / TOKENS, atol=1e-6, rtol=0)
    assert metrics["entropy_coef"] == 0.3


def test_a_mini_batch_of_which_nothing_is_left_teaches_nothing(actor_config: Any) -> None:
    """Upstream divides by the number of tokens."""
    found, _ = gradient(actor_config, batch(tokens=0), use_kl_loss=True, kl_loss_coef=1.0)
    assert found.abs().sum() == 0


def test_settings_are_sent_only_when_they_change(actor_config: Any) -> None:
    settings, workers = LossSettings(actor_config), Workers()
    settings.send(workers)
    assert workers.sent == []
    for value in (0.1, 0.1, 0.2):
        settings.set(kl_loss_coef=value)
        settings.send(workers)
    assert [fn.keywords["config"].kl_loss_coef for fn in workers.sent] == [0.1, 0.2]
