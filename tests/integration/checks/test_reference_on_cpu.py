"""A reset that could not copy shard by shard ends before Ray, and says which setting prevents it."""

from typing import Any

import pytest
from composed import composed

from still_verl.config import still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.reference import check_reference

ACTOR, REF = "actor_rollout_ref.actor", "actor_rollout_ref.ref"
EVERY = "still.reference.reset_every=100"


def check(*overrides: str) -> None:
    """Check a job under FSDP1, which has more ways to shard than the recipe's FSDP2."""
    fixed = ["+recipe=still3_1_5b", "trainer.n_gpus_per_node=8", f"{ACTOR}.strategy=fsdp"]
    config = composed(fixed, overrides)
    check_reference(config, still_config(config))


def test_the_recipe_itself_can_be_copied() -> None:
    config = composed(["+recipe=still3_1_5b"], [])
    assert config.actor_rollout_ref.actor.strategy == "fsdp2"
    check_reference(config, still_config(config))


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        [f"{ACTOR}.strategy=fsdp2"],
        [f"{ACTOR}.fsdp_config.fsdp_size=4", f"{REF}.fsdp_config.fsdp_size=4"],
        # All eight ranks in both.
        [f"{ACTOR}.fsdp_config.fsdp_size=8"],
        [f"{ACTOR}.fsdp_config.fsdp_size=16", f"{REF}.fsdp_config.fsdp_size=8"],
        # A copy converts the type, and needs neither the same offload nor the same time of resharding.
        [f"{REF}.fsdp_config.model_dtype=bf16", f"{REF}.fsdp_config.reshard_after_forward=false"],
        [f"{ACTOR}.fsdp_config.param_offload=true", f"{REF}.fsdp_config.forward_prefetch=true"],
        # FSDP2 has no flat parameters.
        [f"{ACTOR}.strategy=fsdp2", f"{ACTOR}.fsdp_config.use_orig_params=true"],
        [f"{ACTOR}.strategy=fsdp2", f"{ACTOR}.fsdp_config.wrap_policy.min_num_params=1000"],
        [f"{ACTOR}.fsdp_config.use_orig_params=true", f"{REF}.fsdp_config.use_orig_params=true"],
        [f"+{ACTOR}.fsdp_config.wrap_policy.disable=false"],
        ["actor_rollout_ref.model.lora_adapter_path=null"],
        ["trainer.v1.trainer_mode=still_separate_async"],
        # Without a reset none of it matters.
        ["still.reference.reset_every=0", f"{REF}.strategy=fsdp2"],
        ["still.reference.reset_every=0", "actor_rollout_ref.model.lora_rank=8"],
    ],
)
def test_what_can_be_copied(overrides: list[str]) -> None:
    check(*overrides)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["still/kl=none"], "choose a KL with still/kl="),
        ([f"{ACTOR}.strategy=megatron"], f"needs {ACTOR}.strategy=fsdp or fsdp2, not megatron"),
        (
            [f"{REF}.strategy=fsdp2"],
            f"{REF}.strategy=fsdp2 shards otherwise than {ACTOR}.strategy=fsdp; set both to the same",
        ),
        (
            [f"{ACTOR}.fsdp_config.fsdp_size=4"],
            f"{REF}.fsdp_config.fsdp_size=-1 shards otherwise than {ACTOR}.fsdp_config.fsdp_size=4",
        ),
        (
            [f"{ACTOR}.strategy=fsdp2", f"{REF}.fsdp_config.fsdp_size=2"],
            f"{REF}.fsdp_config.fsdp_size=2 shards otherwise than {ACTOR}.fsdp_config.fsdp_size=-1",
        ),
        (
            [f"{ACTOR}.fsdp_config.use_orig_params=true"],
            f"{REF}.fsdp_config.use_orig_params=False shards otherwise than",
        ),
        (
            [f"{REF}.fsdp_config.wrap_policy.min_num_params=1000"],
            f"{REF}.fsdp_config.wrap_policy.min_num_params=1000 shards otherwise than",
        ),
        ([f"+{REF}.fsdp_config.wrap_policy.disable=true"], f"{REF}.fsdp_config.wrap_policy.disable=True shards"),
        (
            [f"+{ACTOR}.fsdp_config.wrap_policy.transformer_layer_cls_to_wrap=[Qwen2MLP]"],
            f"{REF}.fsdp_config.wrap_policy.transformer_layer_cls_to_wrap=None shards otherwise than",
        ),
        (
            [
                f"{ACTOR}.fsdp_config.use_orig_params=true",
                f"{REF}.fsdp_config.use_orig_params=true",
                f"{REF}.fsdp_config.model_dtype=bf16",
            ],
            f"{REF}.fsdp_config.model_dtype=bf16 shards otherwise than {ACTOR}.fsdp_config.model_dtype=fp32",
        ),
        (["actor_rollout_ref.model.lora_rank=8"], "with LoRA (actor_rollout_ref.model.lora_rank=8)"),
        (["actor_rollout_ref.model.lora.rank=8"], "with LoRA (actor_rollout_ref.model.lora.rank=8)"),
        (
            ["actor_rollout_ref.model.lora_adapter_path=adapter"],
            "with LoRA (actor_rollout_ref.model.lora_adapter_path=adapter) the reference is the actor without its "
            "adapter, which cannot be reset; merge the adapter into the model",
        ),
    ],
)
def test_what_cannot_is_refused_in_one_line(overrides: list[str], said: Any) -> None:
    with pytest.raises(ConfigError) as error:
        check(*overrides)
    assert str(error.value).startswith(EVERY) and said in str(error.value) and "\n" not in str(error.value)
