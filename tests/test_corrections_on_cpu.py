"""Each choice of still/correction: what verl's trainer hands to its workers, against numpy, and what they make of it.

The queue of samples is a dict here. The methods are verl's own, of the trainer that a job runs.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transfer_queue as tq
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from numpy.typing import NDArray
from omegaconf import DictConfig
from tensordict import NonTensorStack, TensorDict
from verl.trainer.ppo.core_algos import get_policy_loss_fn
from verl.trainer.ppo.v1.trainer_base import PPOTrainer
from verl.utils.config import omega_conf_to_dataclass

from still_verl.paths import recipes_dir

Floats = NDArray[np.float64]

LENGTHS = [6, 4, 2, 5]
MASK = (np.arange(6) < np.array(LENGTHS)[:, None]).astype(float)
RNG = np.random.default_rng(26)
TRAINER = RNG.uniform(-3.0, -0.5, MASK.shape)  # log-probs of the trainer, and of the engine that sampled
ENGINE = TRAINER + RNG.normal(0, 0.5, MASK.shape)
ENGINE[2] = TRAINER[2] + 0.1  # within every bound
ENGINE[0, 0] = TRAINER[0, 0] - 2.0  # above each bound
ENGINE[1, 1] = TRAINER[1, 1] + 2.0  # below each bound
SCORES = np.array([1.0, 0.0, 0.0, 1.0])

TOKEN = np.exp(TRAINER - ENGINE) * MASK
RESPONSE = np.exp(((TRAINER - ENGINE) * MASK).sum(1, keepdims=True))
WEIGHTS: dict[str, Floats | None] = {
    "none": None,
    "tis": np.minimum(TOKEN, 2.0),
    "sequence_tis": np.minimum(RESPONSE, 2.0) * MASK,
    "icepop": np.where((TOKEN >= 0.5) & (TOKEN <= 5.0), TOKEN, 0.0),
    "mis": np.minimum(RESPONSE, 2.0) * MASK,
}
MASKS = dict.fromkeys(WEIGHTS, MASK) | {"mis": MASK * ((RESPONSE >= 0.5) & (RESPONSE <= 2.0))}


@pytest.fixture(scope="module", autouse=True)
def hydra() -> Iterator[None]:
    with initialize_config_module("verl.trainer.config", version_base=None):
        yield


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The columns of a batch of four responses to two prompts."""
    columns = {"rollout_log_probs": ENGINE, "old_log_probs": TRAINER, "response_mask": MASK}
    held: dict[str, Any] = {name: jagged(values) for name, values in columns.items()}
    rewards = np.zeros_like(MASK)
    rewards[np.arange(4), np.array(LENGTHS) - 1] = SCORES
    held["rm_scores"] = jagged(rewards)
    held["uid"] = NonTensorStack("a", "a", "b", "b")

    def get(keys: list[str], partition_id: str, select_fields: list[str]) -> TensorDict:
        return TensorDict({name: held[name] for name in select_fields if name in held}, batch_size=4)

    def put(keys: list[str], partition_id: str, fields: TensorDict) -> Any:
        held.update({name: fields[name] for name in fields.keys()})

    monkeypatch.setattr(tq, "kv_batch_get", get)
    monkeypatch.setattr(tq, "kv_batch_put", put)
    return held


def jagged(rows: Floats) -> torch.Tensor:
    """A response's own tokens, in each row."""
    parts = [torch.tensor(row[:length]) for row, length in zip(rows, LENGTHS, strict=True)]
    return torch.nested.as_nested_tensor(parts, layout=torch.jagged)


def dense(column: torch.Tensor) -> Floats:
    return torch.nested.to_padded_tensor(column, 0.0, (4, 6)).numpy()


class Batch(SimpleNamespace):
    """Keys of samples, as verl hands them around."""

    def __len__(self) -> int:
        return len(self.keys)


BATCH = Batch(keys=["a_0_0", "a_1_0", "b_0_0", "b_1_0"], partition_id="train", extra_info={})


def job(*choices: str) -> DictConfig:
    return compose("ppo_trainer", ["+recipe=zero_7b_plain", *choices])


def test_every_correction_is_here() -> None:
    named = {path.stem for path in (recipes_dir() / "still/correction").glob("*.yaml")}
    assert named - set(WEIGHTS) == {"inherit", "bypass"}


@pytest.mark.parametrize("choice", WEIGHTS)
def test_the_trainer_hands_on_weights_and_mask(choice: str, queue: dict[str, Any]) -> None:
    trainer: Any = SimpleNamespace(config=job(f"still/correction={choice}"))
    metrics: dict[str, Any] = {}
    PPOTrainer._compute_advantage(trainer, BATCH, metrics)
    expected = WEIGHTS[choice]
    if expected is None:
        assert "rollout_is_weights" not in queue
    else:
        assert dense(queue["rollout_is_weights"]) == pytest.approx(expected, rel=1e-5)
    assert (dense(queue["response_mask"]) == MASKS[choice]).all()
    kl = ((ENGINE - TRAINER) * MASK).sum() / MASK.sum()
    assert metrics["rollout_corr/kl"] == pytest.approx(kl, rel=1e-5)  # the statistic of docs/knobs.md


def test_the_corrections_differ() -> None:
    """Responses that no bound touches would say nothing."""
    weights = [found.round(6).tobytes() for found in WEIGHTS.values() if found is not None]
    assert len(set(weights)) == 3  # sequence_tis and mis have the same, and differ in the mask
    assert 0 < MASKS["mis"].sum() < MASK.sum()


def test_bypass_takes_the_engines_log_probs_and_asks_no_worker(queue: dict[str, Any]) -> None:
    config = job("still/correction=bypass")
    assert config.actor_rollout_ref.rollout.calculate_log_probs
    trainer: Any = SimpleNamespace(config=config, actor_rollout_wg=None)
    PPOTrainer._compute_old_log_prob(trainer, BATCH, {})
    assert dense(queue["old_log_probs"]) == pytest.approx(ENGINE * MASK)
    assert np.abs((ENGINE - TRAINER) * MASK).max() > 1


NEW = TRAINER + RNG.normal(0, 0.4, MASK.shape)
ADVANTAGE = np.array([[1.0], [-0.5], [2.0], [-1.5]]) * MASK
OPEN = {"dro": ["actor_rollout_ref.actor.policy_loss.dro_beta=0.1"]}
LOSSES = sorted({path.stem for path in (recipes_dir() / "still/loss").glob("*.yaml")} - {"inherit"})


def loss_of_worker(config: DictConfig, weights: Floats | None) -> float:
    actor = omega_conf_to_dataclass(config.actor_rollout_ref.actor)
    actor.global_batch_info.update(dp_size=1, batch_num_tokens=MASK.sum(), global_batch_size=4, loss_scale_factor=None)
    torch.manual_seed(0)  # clip_cov draws tokens
    loss, _ = get_policy_loss_fn(actor.policy_loss.loss_mode)(
        old_log_prob=torch.tensor(TRAINER),
        log_prob=torch.tensor(NEW, requires_grad=True),
        advantages=torch.tensor(ADVANTAGE),
        response_mask=torch.tensor(MASK),
        loss_agg_mode=actor.loss_agg_mode,
        config=actor,
        rollout_is_weights=None if weights is None else torch.tensor(weights),
    )
    return float(loss.detach())


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_weighted(loss: str) -> None:
    """Half the weight of every token is half the loss."""
    config = job(f"still/loss={loss}", *OPEN.get(loss, []))
    whole, half = loss_of_worker(config, None), loss_of_worker(config, MASK / 2)
    assert whole != 0 and half == pytest.approx(whole / 2, rel=1e-6)


def test_a_token_is_weighted_by_itself() -> None:
    """PPO's loss, with the weights that truncated importance sampling gives this batch."""
    ratio, weights = np.exp(NEW - TRAINER), WEIGHTS["tis"]
    assert weights is not None
    losses = np.maximum(-ADVANTAGE * ratio, -ADVANTAGE * np.clip(ratio, 0.8, 1.2))
    losses = np.where(ADVANTAGE < 0, np.minimum(losses, -ADVANTAGE * 3.0), losses) * weights
    found = loss_of_worker(job("still/correction=tis"), weights)
    assert found == pytest.approx((losses * MASK).sum() / MASK.sum(), rel=1e-6)


def test_a_token_that_is_left_out_would_take_its_response_along_in_a_geometric_mean() -> None:
    """Why `checks.correction` refuses icepop beside it: of four responses nothing is left but what is one in 1e10."""
    weights = MASK.copy()
    weights[:, 0] = 0.0
    config = job("still/loss=gmpo")
    assert abs(loss_of_worker(config, weights)) < 0.05 * abs(loss_of_worker(config, MASK))
