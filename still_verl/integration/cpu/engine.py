"""verl's FSDP2 engine for device `cpu`."""

import dataclasses

import torch
from verl.workers.engine import EngineRegistry, FSDPEngineWithLMHead


@EngineRegistry.register(model_type="language_model", backend=["fsdp2"], device="cpu")
class CpuFSDPEngineWithLMHead(FSDPEngineWithLMHead):
    """Upstream's engine without the CPU offload of the reference model.

    Upstream offloads a forward-only model to pinned memory, which needs an accelerator. Here the parameters are
    already where the offload would put them.
    """

    def _build_fsdp_module(self, module: torch.nn.Module) -> torch.nn.Module:
        config = self.engine_config
        self.engine_config = dataclasses.replace(config, forward_only=False, offload_policy=False)
        try:
            return super()._build_fsdp_module(module)
        finally:
            self.engine_config = config
