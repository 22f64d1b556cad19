"""What differs between the releases of verl that still_verl works with; no other module asks which one is there.

It looks at what verl has and not at its version: a checkout between two releases has the one or the other.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from inspect import signature
from typing import Any

from omegaconf import OmegaConf
from transformers import AutoConfig, PreTrainedTokenizerBase
from verl.experimental.agent_loop.agent_loop import AgentLoopBase, DictConfigWrap, ToolListWrap
from verl.utils.tokenizer.continuous_token_wiring import create_continuous_token_builder
from verl.workers.rollout.llm_server import LLMServerClient

# verl 0.9.1 chooses the builder of prompts by the model's type; 0.9.0 by a family of models, which a job names or which
# it guesses from the names of folders.
BY_MODEL_TYPE = "hf_model_type" in signature(create_continuous_token_builder).parameters
# On a processor requests and samples go in groups, by methods of verl's that 0.9.0 has in another form.
HAS_GROUPS = "request_id" in signature(LLMServerClient._release_server).parameters
GENERIC = "default"
GUESS = "auto"
# Families of 0.9.0 by the model types for which 0.9.1 takes the same builder.
FAMILIES = {
    "qwen2": "qwen25",
    "qwen3": "qwen3",
    "qwen3_moe": "qwen3",
    "qwen3_5": "qwen35",
    "qwen3_5_moe": "qwen35",
    "glm4_moe": "glm47",
    "glm_moe_dsa": "glm5",
    "gemma4": "gemma4",
    "gpt_oss": "gptoss",
}
# How verl's error begins where a model type and a processor of images do not belong together.
WRONG_PROCESSOR = "Model resolved to the"

Arguments = dict[str, Any]


def with_usable_builder(tokenizer: PreTrainedTokenizerBase, processor: Any, arguments: Arguments) -> Arguments:
    """Return the arguments of an agent loop of verl's, with a builder of prompts that this tokenizer can have.

    Args:
        arguments: for `AgentLoopBase`, by name, without tokenizer and processor.

    Raises:
        ValueError: verl has no builder for this model type with, or without, a processor of images.
    """
    model_type = arguments.get("hf_model_type")
    if BY_MODEL_TYPE:
        return arguments | {"hf_model_type": usable_model_type(tokenizer, model_type, processor)}
    if processor is not None:
        return arguments  # verl 0.9.0 has builders for text only
    model = arguments["trainer_config"].config.actor_rollout_ref.model
    data = arguments["data_config"].config
    asked = data.continuous_token.model_family
    family = usable_family(tokenizer, asked, model_type or model_type_of(model.path), model.path)
    # Always on, as in 0.9.1: `still_code` writes its prompts with the builder.
    merged: Any = OmegaConf.merge(data, {"continuous_token": {"enable": True, "model_family": family}})
    return arguments | {"data_config": DictConfigWrap(merged)}


def loop_arguments(worker: Any) -> Arguments:
    """Return the arguments, by name, that verl's worker of agent loops gives to each loop that it builds."""
    arguments = {
        "trainer_config": DictConfigWrap(config=worker.config),
        "server_manager": worker.llm_client,
        "tokenizer": worker.tokenizer,
        "processor": worker.processor,
        "dataset_cls": worker.dataset_cls,
        "data_config": DictConfigWrap(worker.config.data),
        "tools": ToolListWrap(worker.tools),
    }
    if BY_MODEL_TYPE:
        arguments["hf_model_type"] = worker.hf_model_type
    return arguments


@lru_cache(maxsize=8)
def usable_model_type(
    tokenizer: PreTrainedTokenizerBase, hf_model_type: str | None, processor: Any = None
) -> str | None:
    """Return `hf_model_type`, or None (verl's generic prompt builder) if the tokenizer lacks that family's role tokens.

    DeepSeek-R1-Distill-Qwen has model type qwen2 without `<|im_end|>`; stock verl 0.9.1 refuses it
    (verl/utils/tokenizer/continuous_token.py `require_token_id`, upstream issue #7637). A vision model is judged with
    its processor, without which verl refuses each of their families.

    Raises:
        ValueError: verl has no builder for this model type with, or without, a processor of images.
    """
    try:
        create_continuous_token_builder(tokenizer, hf_model_type=hf_model_type, processor=processor)
    except ValueError as error:
        if str(error).startswith(WRONG_PROCESSOR):
            raise
        return None
    return hf_model_type


@lru_cache(maxsize=8)
def usable_family(tokenizer: PreTrainedTokenizerBase, asked: str, model_type: str | None, path: str) -> str:
    """Return the family of models that verl 0.9.0 takes the builder of prompts from.

    That is the one that the job names, or that of the model's type, as in 0.9.1; where the tokenizer lacks its role
    tokens, the generic one. By the name of its folder a Qwen in `models/mine` would be no Qwen.

    Args:
        asked: `data.continuous_token.model_family`.
    """
    if asked != GUESS:
        return asked
    family = FAMILIES.get(model_type or "", GUESS)
    try:
        create_continuous_token_builder(tokenizer, model_family=family, model_path=path)
    except ValueError:
        return GENERIC
    return family


@lru_cache(maxsize=8)
def model_type_of(path: str) -> str | None:
    """Return the type in a model's `config.json`; None if that cannot be read."""
    try:
        return str(AutoConfig.from_pretrained(path).model_type)
    except (OSError, ValueError):
        return None


def means_of_all(infos: Mapping[str, Sequence[Any]]) -> Mapping[str, Sequence[Any]]:
    """Return the numbers of a validation that verl can take the mean of, by name, one value for each sample.

    0.9.1 leaves out the samples that lack a number, of another agent loop say. 0.9.0 fails at them, so there a number
    that not every sample has is no metric of verl's.
    """
    from verl.trainer.ppo.metric_utils import process_validation_metrics

    if "expected_acc_counts" in signature(process_validation_metrics).parameters:
        return infos
    return of_every_sample(infos)


def of_every_sample(infos: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Return what every sample has."""
    return {name: values for name, values in infos.items() if all(value is not None for value in values)}


def merge_context(loop: AgentLoopBase) -> Callable[..., Awaitable[Any]]:
    """Return the method of verl's agent loop that adds messages of others to a response; 0.9.1 has renamed it."""
    either: Any = loop
    if hasattr(either, "ct_merge_context_msg"):
        return either.ct_merge_context_msg
    return either.ct_merge_non_assistant_msg
