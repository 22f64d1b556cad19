"""verl's FSDP2 engines for device `cpu`: of a language model, and of a critic."""

import dataclasses
from typing import Any

import torch
from transformers import AutoModelForTokenClassification
from verl.workers.engine import EngineRegistry, FSDPEngineWithLMHead
from verl.workers.engine.fsdp.transformer_impl import FSDPEngineWithValueHead

from still_verl.config_errors import ConfigError
from still_verl.integration.cpu.packed_attention import keep_apart

PADDED = "actor_rollout_ref.model.use_remove_padding=false (model.use_remove_padding=false in supervised training)"


class Packed:
    """Mixin in front of an FSDP engine of upstream's: its sequences are packed without flash attention."""

    model_config: Any

    def _build_module(self) -> torch.nn.Module:
        module: torch.nn.Module = super()._build_module()  # type: ignore[misc]
        if self.model_config.use_remove_padding:
            try:
                keep_apart(module)  # type: ignore[arg-type]  # verl builds no other module here
            except ValueError as error:
                raise ConfigError(f"{error}: set {PADDED}") from None
        return module


class WithoutOffload:
    """Mixin in front of an FSDP engine of upstream's: its forward-only models are not offloaded to pinned memory.

    Pinned memory needs an accelerator. Here the parameters are already where the offload would put them.
    """

    engine_config: Any

    def _build_fsdp_module(self, module: torch.nn.Module) -> torch.nn.Module:
        config = self.engine_config
        self.engine_config = dataclasses.replace(config, forward_only=False, offload_policy=False)
        try:
            built: torch.nn.Module = super()._build_fsdp_module(module)  # type: ignore[misc]
            return built
        finally:
            self.engine_config = config


def token_classifier(config: Any) -> Any:
    """Return the class of a model's token classifier.

    Raises:
        KeyError: transformers has none of this architecture.
    """
    return AutoModelForTokenClassification._model_mapping[type(config)]


@EngineRegistry.register(model_type="language_model", backend=["fsdp2"], device="cpu")
class CpuFSDPEngineWithLMHead(Packed, WithoutOffload, FSDPEngineWithLMHead):
    """Upstream's engine of actor and reference."""


@EngineRegistry.register(model_type="value_model", backend=["fsdp2"], device="cpu")
class CpuFSDPEngineWithValueHead(WithoutOffload, FSDPEngineWithValueHead):
    """Upstream's engine of a critic, with the attention that its config names."""

    def _build_module(self) -> torch.nn.Module:
        # Upstream loads a critic with flash attention, whatever the config says. It loads a language model as the
        # architecture says: then a critic is a token classifier of one label, as upstream's own is.
        model, config = self.model_config, self.model_config.hf_config
        config.num_labels = 1
        config.classifier_dropout = 0.0
        config.architectures = [token_classifier(config).__name__]
        model.model_type = "language_model"
        try:
            built: torch.nn.Module = super()._build_module()
            return built
        finally:
            model.model_type = "value_model"
