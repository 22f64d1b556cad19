"""The loss that the workers get: each coefficient acts once, with the value of the step."""

import math
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from tensordict import TensorDict
from verl.trainer.distillation.losses import distillation_ppo_loss
from verl.utils import tensordict_utils as tu
from verl.utils.config import omega_conf_to_dataclass
from verl.utils.torch_functional import get_constant_schedule_with_warmup
from verl.workers.config import DistillationLossConfig
from verl.workers.utils.losses import ppo_loss

from still_verl.integration.actor_worker import StillActorRolloutRefWorker
from still_verl.integration.learning_rate import set_rate
from still_verl.integration.loss import LossSettings

PROMPT, LENGTHS = 3, (5, 2)
TOKENS = sum(LENGTHS)


class Workers(StillActorRolloutRefWorker):
    """The worker of an actor, without Ray and models. A group of workers is called in the same way."""

    def __init__(self, loss: Any) -> None:
        self.actor = SimpleNamespace(set_loss_fn=lambda loss_fn: setattr(self, "loss_fn", loss_fn))  # type: ignore[assignment]
        self.sent: list[dict[str, Any]] = []
        self.set_loss_fn(loss)  # as `init_model` does

    def set_loss_values(self, values: dict[str, Any]) -> None:
        self.sent.append(dict(values))
        super().set_loss_values(values)


@pytest.fixture(scope="module")
def actor_config() -> Iterator[Any]:
    with initialize_config_module("verl.trainer.config", version_base=None):
        yield omega_conf_to_dataclass(compose("ppo_trainer", ["+recipe=demo"]).actor_rollout_ref.actor)


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
    return gradient_of(partial(ppo_loss, config=actor_config), actor_config, data, entropy, **values)


def gradient_of(
    loss_of_worker: Any, actor_config: Any, data: TensorDict, entropy: bool = False, **values: Any
) -> tuple[torch.Tensor, dict]:
    """The same for any loss that the worker has."""
    settings, workers = LossSettings(actor_config), Workers(loss_of_worker)
    settings.set(**values)
    settings.send(workers)
    torch.manual_seed(1)
    flat = [torch.randn(PROMPT + n, requires_grad=True) for n in LENGTHS]
    output = {"log_probs": torch.nested.as_nested_tensor(flat, layout=torch.jagged)}
    if entropy:
        output["entropy"] = torch.nested.as_nested_tensor([2 * row for row in flat], layout=torch.jagged)
    loss, metrics = workers.loss_fn(model_output=output, data=data)
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


@pytest.mark.parametrize("values", [{"use_kl_loss": True, "kl_loss_coef": 1.0}, {}])
def test_a_mini_batch_of_which_nothing_is_left_teaches_nothing(actor_config: Any, values: dict[str, Any]) -> None:
    """Upstream divides by the number of tokens; in a run without any schedule, too."""
    found, _ = gradient(actor_config, batch(tokens=0), **values)
    assert found.abs().sum() == 0


def test_settings_are_sent_only_when_they_change(actor_config: Any) -> None:
    settings, workers = LossSettings(actor_config), Workers(partial(ppo_loss, config=actor_config))
    settings.send(workers)
    assert workers.sent == []
    for value in (0.1, 0.1, 0.2):
        settings.set(kl_loss_coef=value)
        settings.send(workers)
    assert [values["kl_loss_coef"] for values in workers.sent] == [0.1, 0.2]
    assert workers.loss_fn.config.kl_loss_coef == 0.2


def test_a_setting_that_there_is_not_is_refused_in_the_trainer(actor_config: Any) -> None:
    with pytest.raises(TypeError, match="kl_coeff"):
        LossSettings(actor_config).set(kl_coeff=0.1)


def test_a_number_below_another_setting_arrives_and_is_logged_as_it_is_used(actor_config: Any) -> None:
    values = {"clip_ratio_high": 0.31, "policy_loss.clip_cov_ratio": 0.02, "use_kl_loss": False}
    settings, workers = LossSettings(actor_config), Workers(partial(ppo_loss, config=actor_config))
    settings.set(**values)
    settings.send(workers)
    assert workers.loss_fn.config.policy_loss.clip_cov_ratio == 0.02
    assert actor_config.policy_loss.clip_cov_ratio != 0.02
    _, metrics = gradient(actor_config, batch(), **values)
    used = {name: value for name, value in metrics.items() if name.startswith("used/")}
    assert used == {"used/clip_ratio_high": 0.31, "used/policy_loss.clip_cov_ratio": 0.02}


def test_a_clip_ratio_of_a_step_bounds_the_loss_of_that_step(actor_config: Any) -> None:
    """Tokens with a positive advantage and a ratio above 1 + high have no gradient."""
    data = batch()
    data["advantages"] = jagged([row.abs() for row in data["advantages"].unbind()])
    clipped = log_probs() - data["old_log_probs"].values() > math.log(1.05)
    assert 0 < clipped.sum() < TOKENS
    bounds = {"use_kl_loss": False, "clip_ratio_low": 0.2}
    found, _ = gradient(actor_config, data, clip_ratio_high=0.05, **bounds)
    assert ((found == 0) == clipped).all()
    free, _ = gradient(actor_config, data, clip_ratio_high=1000.0, **bounds)
    assert (free != 0).all()


class Engine:
    """The optimizer of an engine of verl's, with its scheduler of rates."""

    def __init__(self, rate: float, warmup: int) -> None:
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.optimizer = torch.optim.SGD([self.weight], lr=rate)
        self.lr_scheduler = get_constant_schedule_with_warmup(self.optimizer, warmup)

    def update(self) -> float:
        """Train on a slope of 1; return how far the weight went."""
        before = self.weight.item()
        self.weight.grad = torch.ones(1)
        self.optimizer.step()
        self.lr_scheduler.step()
        return before - self.weight.item()


def test_the_optimizer_trains_with_the_rate_of_the_step_until_another_one_comes(actor_config: Any) -> None:
    settings, workers = LossSettings(actor_config), Workers(partial(ppo_loss, config=actor_config))
    engine = workers.actor.engine = Engine(rate=0.5, warmup=0)
    moved, used = [engine.update()], []
    for rate in (0.25, 0.25, 0.0, 0.125):
        settings.set(**{"optim.lr": rate})
        settings.send(workers)
        output = {"log_probs": jagged([torch.zeros(PROMPT + n) for n in LENGTHS])}
        used.append(workers.loss_fn(model_output=output, data=batch())[1]["used/lr"])
        moved.append(engine.update())
    assert moved == pytest.approx([0.5, 0.25, 0.25, 0.0, 0.125]) and used == [0.25, 0.25, 0.0, 0.125]
    assert engine.lr_scheduler.get_last_lr() == [0.125]  # verl's own metric `actor/lr`


def test_a_rate_that_is_given_back_goes_on_in_verls_warm_up() -> None:
    engine = Engine(rate=0.5, warmup=4)
    engine.update()
    set_rate(engine, 1.0)
    assert [engine.update() for _ in range(4)] == pytest.approx([0.25, 0.5, 0.75, 1.0])


def halved(*, config: Any, model_output: Any, data: Any, dp_group: Any = None) -> tuple[torch.Tensor, dict]:
    """A loss of a user's own."""
    loss, metrics = ppo_loss(config=config, model_output=model_output, data=data, dp_group=dp_group)
    return loss / 2, metrics | {"halved": 1.0}


def test_a_loss_of_a_users_own_lives_and_gets_the_coefficients(actor_config: Any) -> None:
    own = partial(halved, config=actor_config)
    whole, _ = gradient(actor_config, batch(), entropy=True, use_kl_loss=False, entropy_coeff=0.3)
    half, metrics = gradient_of(own, actor_config, batch(), entropy=True, use_kl_loss=False, entropy_coeff=0.3)
    torch.testing.assert_close(2 * half, whole)
    assert metrics["halved"] == 1.0 and metrics["entropy_coef"] == 0.3


def test_a_loss_that_is_set_in_the_middle_of_a_run_gets_them_too(actor_config: Any) -> None:
    settings, workers = LossSettings(actor_config), Workers(partial(ppo_loss, config=actor_config))
    settings.set(entropy_coeff=0.3)
    settings.send(workers)
    workers.set_loss_fn(partial(halved, config=actor_config))
    assert workers.loss_fn.loss.func is halved and workers.loss_fn.config.entropy_coeff == 0.3


def test_a_loss_without_a_config_is_called_as_it_is_and_refuses_coefficients() -> None:
    def constant(*, model_output: Any, data: Any, dp_group: Any = None) -> tuple[float, dict]:
        return 2.0, {}

    workers = Workers(constant)
    data, output = batch(), {"log_probs": jagged([torch.zeros(PROMPT + n) for n in LENGTHS])}
    loss, metrics = workers.loss_fn(model_output=output, data=data)
    assert loss == 2.0 and "kl_coef" not in metrics
    with pytest.raises(
        TypeError, match="takes no `config`, so entropy_coeff cannot be set: give `set_loss_fn` a partial"
    ):
        workers.set_loss_values({"entropy_coeff": 0.1})


@pytest.fixture(scope="module")
def distillation(actor_config: Any) -> Any:
    """verl's loss of a distillation by an estimator of the KL to a teacher, as its worker binds it."""
    loss = DistillationLossConfig(loss_mode="k3", use_policy_gradient=False)
    return partial(
        distillation_ppo_loss, config=actor_config, distillation_config=SimpleNamespace(distillation_loss=loss)
    )


def with_teacher() -> TensorDict:
    data = batch()
    data["teacher_logprobs"] = jagged([torch.randn(PROMPT + n, 1) for n in LENGTHS])
    return data


def test_a_scheduled_entropy_keeps_the_loss_of_a_distillation(actor_config: Any, distillation: Any) -> None:
    plain, _ = gradient(actor_config, with_teacher(), entropy=True, use_kl_loss=False, entropy_coeff=0.0)
    found, metrics = gradient_of(
        distillation, actor_config, with_teacher(), entropy=True, use_kl_loss=False, entropy_coeff=0.3
    )
    teacher = torch.cat([row[PROMPT - 1 : -1, 0] for row in with_teacher()["teacher_logprobs"].unbind()])
    slope = 1 - torch.exp(teacher - log_probs()) - 0.3 * 2  # of k3, and of the bonus
    torch.testing.assert_close(found, plain + slope / TOKENS, atol=1e-6, rtol=0)
    assert "distillation/loss" in metrics and metrics["entropy_coef"] == 0.3


def test_what_looks_at_logits_is_passed_on_as_it_is(actor_config: Any) -> None:
    """verl calls the loss of a distillation by top-k on logits, too."""
    own = partial(lambda *, config, **call: call, config=actor_config)
    assert Workers(own).loss_fn(student_logits=1, data=2, data_format="thd") == {
        "student_logits": 1,
        "data": 2,
        "data_format": "thd",
    }
