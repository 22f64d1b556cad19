"""The models that the planner can count: those that it knows by name, and every config.json of a supported family.

To support another family, add it to `FAMILIES` and teach `shape_from` what its layers have. The test that compares with
transformers' parameter count must then have a case for it.
"""

import difflib
import json
import logging
import re
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.plan.known import CONFIGS
from still_verl.plan.shape import Experts, Shape

logger = logging.getLogger(__name__)

DENSE = ("qwen2", "qwen3", "llama", "mistral")
MIXTURES = ("qwen2_moe", "qwen3_moe")
# All have RMSNorm, gated MLPs and a cache of keys and values. verl knows more: DeepSeek-V3, for one, caches a latent
# vector instead, which `Shape.kv_elements` does not describe.
FAMILIES = DENSE + MIXTURES


def shape_of(path: str) -> Shape:
    """Read the sizes of the model at `path`: from its config.json, the planner's table, or the config.json on the hub.

    Args:
        path: a directory of this machine, or a name on the model hub.

    Raises:
        ConfigError: none of these, or a model that the formulas do not count.
    """
    config = Path(path) / "config.json"
    if config.is_file():
        return shape_from(json.loads(config.read_text()), str(config))
    if path in KNOWN:
        return KNOWN[path]
    fetched = hub_config(path)
    if fetched is not None:
        return shape_from(json.loads(fetched.read_text()), f"{path}/config.json on the model hub")
    near = difflib.get_close_matches(path, KNOWN, n=3, cutoff=0.5)
    hint = f", or did you mean {' or '.join(near)}" if near else ""
    raise ConfigError(
        f"actor_rollout_ref.model.path={path}: no config.json there, none on the model hub, and not in the planner's "
        f"table; give a directory with the model's config.json{hint}"
    )


def hub_config(name: str) -> Path | None:
    """Fetch the config.json of `org/name` from the model hub, or from its cache; None where that does not work."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        return None
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(name, "config.json", etag_timeout=5))
    except Exception as error:  # no network, no such model, no permission: whatever the client raises
        logger.info("no config.json of %s on the model hub: %s", name, error)
        return None


def shape_from(config: dict[str, Any], source: str) -> Shape:
    """Read a config.json in Hugging Face format.

    Args:
        config: what the file holds.
        source: its name, for messages.

    Raises:
        ConfigError: a family that is not supported, or a mixture that also has dense layers.
    """
    family = config.get("model_type")
    if family not in FAMILIES:
        served = ", ".join(FAMILIES)
        raise ConfigError(f"{source}: model_type={family!r} is not supported; the planner supports {served}")
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    # A bias in all four projections of attention, where a config asks for it. The Qwen2 families ignore this field.
    attention_bias = family in ("llama", "qwen3", "qwen3_moe") and bool(config.get("attention_bias"))
    return Shape(
        source=source,
        family=family,
        vocab=config["vocab_size"],
        hidden=hidden,
        layers=config["num_hidden_layers"],
        heads=heads,
        kv_heads=config.get("num_key_value_heads") or heads,
        head_dim=config.get("head_dim") or hidden // heads,
        intermediate=config["intermediate_size"],
        tied=config.get("tie_word_embeddings", False),
        qkv_bias=attention_bias or _qwen2_bias(family, config),
        output_bias=attention_bias,
        mlp_bias=family == "llama" and bool(config.get("mlp_bias")),
        qk_norm=family.startswith("qwen3"),
        experts=_experts(family, config, source),
    )


def _qwen2_bias(family: str, config: dict[str, Any]) -> bool:
    """Say whether queries, keys and values alone have a bias: always in Qwen2, by default in its mixtures."""
    if family == "qwen2_moe":
        return bool(config.get("qkv_bias", True))
    return family == "qwen2"


def _experts(family: str, config: dict[str, Any], source: str) -> Experts | None:
    if family not in MIXTURES:
        return None
    # verl's count of operations takes every layer for a mixture, as all published models are.
    if config.get("mlp_only_layers") or config.get("decoder_sparse_step", 1) != 1:
        raise ConfigError(
            f"{source}: mlp_only_layers={config.get('mlp_only_layers')} "
            f"decoder_sparse_step={config.get('decoder_sparse_step', 1)}: "
            "the planner supports only mixtures in which all layers have experts ([] and 1)"
        )
    # transformers 5 writes num_local_experts for Qwen3, before that it was num_experts.
    count = config.get("num_experts") or config["num_local_experts"]
    shared = config["shared_expert_intermediate_size"] if family == "qwen2_moe" else 0
    return Experts(count, config["num_experts_per_tok"], config["moe_intermediate_size"], shared)


KNOWN = {name: shape_from(config, f"{name}/config.json on the model hub") for name, config in CONFIGS.items()}
