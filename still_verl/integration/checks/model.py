"""The model of a job, opened as verl's workers will open it: config, tokenizer, weights, and the length it can read."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from transformers import AutoModel
from verl.utils.config import omega_conf_to_dataclass
from verl.utils.model import get_hf_auto_model_class
from verl.utils.tokenizer import normalize_token_ids
from verl.workers.rollout.utils import get_max_position_embeddings

from still_verl.config_errors import ConfigError
from still_verl.integration.checks.data import demo_hint
from still_verl.integration.checks.upstream import reason

KEY = "actor_rollout_ref.model.path"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Model:
    """A model of this machine.

    Attributes:
        tokenizer: of transformers.
        vocabulary: tokens that its embedding knows.
        positions: tokens that it can read.
    """

    tokenizer: Any
    vocabulary: int
    positions: int

    def tokens(self, messages: Any, template: dict[str, Any]) -> list[int]:
        """Return the tokens of a prompt as verl counts them."""
        ids = self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, **template)
        return list(normalize_token_ids(ids))


def open_model(config: DictConfig) -> Model | None:
    """Open the model; one that is on a hub or remote is said not to be looked at.

    Raises:
        ConfigError: no such folder, or what verl or transformers cannot read of it.
    """
    name = str(config.actor_rollout_ref.model.path)
    path = Path(name).expanduser()
    if not is_local(name):
        logger.warning("still_verl: %s=%s is not a folder of this machine: it was not looked at", KEY, name)
        return None
    if not (path / "config.json").is_file():
        what = "there is no such folder"
        if path.is_dir():
            what = "the folder has no config.json"
        raise ConfigError(f"{KEY}={name}: {what}{demo_hint(path)}")
    check_weights(path)
    try:
        opened = omega_conf_to_dataclass(config.actor_rollout_ref.model)
        positions = get_max_position_embeddings(opened.hf_config)
    except Exception as error:  # whatever transformers finds
        raise ConfigError(f"{KEY}={name}: verl cannot open it: {reason(error)}; complete the folder") from error
    check_architecture(name, opened.hf_config)
    if opened.tokenizer is None:
        raise ConfigError(f"{KEY}={name}: there is no tokenizer; set actor_rollout_ref.model.tokenizer_path")
    text = opened.hf_config.get_text_config()
    return Model(opened.tokenizer, text.vocab_size, positions)


def is_local(name: str) -> bool:
    """Say whether a name is a path of this machine; `org/name` is one on a hub."""
    looks_like_hub = name.count("/") == 1 and not name.startswith((".", "~", "/")) and not Path(name).exists()
    return "://" not in name and not looks_like_hub


def check_architecture(name: str, config: Any) -> None:
    """Check that verl finds a class of models that write text."""
    named = getattr(config, "architectures", None)
    if named and get_hf_auto_model_class(config) is not AutoModel:
        return
    raise ConfigError(
        f"{KEY}={name}: architectures={named} in its config.json write no text; use a model with ...ForCausalLM or "
        "...ForConditionalGeneration"
    )


def check_weights(path: Path) -> None:
    """Check that there are weights, and that no file of them ends too early."""
    files = list(path.glob("*.safetensors"))
    if not files and not list(path.glob("*.bin")):
        raise ConfigError(f"{KEY}={path}: the folder has no weights (*.safetensors); complete it")
    for file in files:
        with file.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            try:
                header = json.loads(stream.read(min(size, 100_000_000)))
            except ValueError as error:
                raise ConfigError(f"{KEY}={path}: {file.name} is not a safetensors file; fetch it again") from error
        ends = [0]
        for tensor_name, tensor in header.items():
            if tensor_name != "__metadata__":
                ends.append(tensor["data_offsets"][1])
        if file.stat().st_size < 8 + size + max(ends):
            raise ConfigError(f"{KEY}={path}: {file.name} ends too early; fetch it again")


def check_context_window(config: DictConfig, model: Model | None) -> None:
    """Check that a prompt with its response fits into the engine, and that into the model.

    Raises:
        ConfigError: names the setting, its value and the least that works.
    """
    key, limit = "actor_rollout_ref.rollout.max_model_len", config.actor_rollout_ref.rollout.max_model_len
    needed = config.data.max_prompt_length + config.data.max_response_length
    parts = (
        f"data.max_prompt_length={config.data.max_prompt_length} and "
        f"data.max_response_length={config.data.max_response_length}"
    )
    if limit is not None and limit < needed:
        raise ConfigError(f"{key}={limit}: {parts} need {needed} tokens; raise it to {needed}, or lower one of them")
    if model is None:
        return
    if limit is not None and limit > model.positions:
        raise ConfigError(f"{key}={limit}: the model reads {model.positions} tokens; lower it to that or less")
    if needed > model.positions:
        raise ConfigError(
            f"data.max_response_length={config.data.max_response_length}: with data.max_prompt_length="
            f"{config.data.max_prompt_length} it is {needed} tokens, and the model reads {model.positions}; lower it"
        )
