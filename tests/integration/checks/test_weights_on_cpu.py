"""Combinations in which the rollout would not get what the actor learns, and critics that cannot be built."""

import json
from pathlib import Path
from typing import Any

import pytest
from composed import composed
from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.demo.prepare import prepare
from still_verl.integration.checks.critic import check_critic
from still_verl.integration.checks.weights import check_weights

SEPARATE = "trainer.v1.trainer_mode=still_separate_async"
LORA, MERGE = "actor_rollout_ref.model.lora_rank=8", "actor_rollout_ref.model.lora.merge=true"
BACKEND = "actor_rollout_ref.rollout.checkpoint_engine.backend"
MERGED_ALONE = "the rollout takes merged weights alone: set actor_rollout_ref.model.lora.merge=true"


def job(device: str, *overrides: str) -> DictConfig:
    return composed(["+recipe=base", f"still/device={device}"], overrides)


@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("overrides", [[], [SEPARATE], [LORA, MERGE], [LORA, MERGE, SEPARATE]])
def test_what_arrives(device: str, overrides: list[str]) -> None:
    check_weights(job(device, *overrides), device)
    check_weights(job("gpu", LORA), "auto")
    check_weights(job("gpu", SEPARATE, f"{BACKEND}=nccl"), "auto")


@pytest.mark.parametrize(
    ("device", "overrides", "said"),
    [
        ("cpu", [LORA], f"{LORA}: with still/device=cpu {MERGED_ALONE}"),
        ("gpu", [LORA, SEPARATE], f"{LORA}: with {SEPARATE} {MERGED_ALONE}"),
        (
            "gpu",
            ["actor_rollout_ref.model.lora_adapter_path=/adapter", SEPARATE],
            f"actor_rollout_ref.model.lora_adapter_path=/adapter: with {SEPARATE} {MERGED_ALONE}",
        ),
        ("cpu", [SEPARATE, f"{BACKEND}=nccl"], f"{BACKEND}=nccl: it needs accelerators; leave it at gloo"),
    ],
)
def test_what_would_be_lost_is_refused_in_one_line(device: str, overrides: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        check_weights(job(device, *overrides), device)
    assert str(error.value).startswith(said) and "\n" not in str(error.value)


def critic(**settings: Any) -> DictConfig:
    overrides = [f"critic.{name.replace('__', '.')}={value}" for name, value in settings.items()]
    return job(
        "cpu", "algorithm.adv_estimator=gae", f"actor_rollout_ref.model.path={prepare('random').model}", *overrides
    )


def test_a_critic_that_can_be_built() -> None:
    """On CPU it is made of the actor's model, unless the job names another."""
    assert critic().critic.model.path == str(prepare("random").model)
    check_critic(critic())
    check_critic(job("cpu", "algorithm.adv_estimator=grpo", "critic.strategy=fsdp"))


def test_a_critic_that_cannot(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "mamba"}))
    with pytest.raises(
        ConfigError, match="critic.strategy=fsdp: with still/device=cpu only fsdp2 has an engine; set it to fsdp2"
    ):
        check_critic(critic(strategy="fsdp"))
    with pytest.raises(ConfigError) as error:
        check_critic(critic(model__path=tmp_path))
    assert str(error.value).startswith(f"critic.model.path={tmp_path}: transformers has no token classifier")
