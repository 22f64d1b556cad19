"""What one rank of `test_engine_on_cpu.py` does: build verl's critic on CPU, use it, save it and load it.

python critic_on_ranks.py RANK RANKS FOLDER MODEL
"""

import os
import sys
from typing import Any

import torch
import torch.distributed as dist
import verl  # noqa: F401  (loads the plugin)
from hydra import compose, initialize_config_module
from transformers import AutoModelForTokenClassification
from verl.plugin.platform import set_platform

from still_verl.integration.cpu.platform import CpuPlatform

TOKENS = torch.arange(12).view(2, 6)


def build(model: str) -> Any:
    """Build the engine of a critic as verl's `TrainingWorker` does."""
    from verl.utils.config import omega_conf_to_dataclass
    from verl.workers.engine import EngineRegistry

    overrides = ["+recipe=base", "still/device=cpu", "algorithm.adv_estimator=gae", f"critic.model.path={model}"]
    config = omega_conf_to_dataclass(compose("ppo_trainer", overrides=[*overrides, "critic.optim.lr=0.01"]).critic)
    config.engine.use_remove_padding = config.engine.use_fused_kernels = False
    config.model.model_type = "value_model"
    engine = EngineRegistry.new(
        model_type="value_model",
        backend=config.engine.strategy,
        model_config=config.model,
        engine_config=config.engine,
        optimizer_config=config.optim,
        checkpoint_config=config.checkpoint,
    )
    engine.initialize()
    return engine


@torch.no_grad()
def values(module: Any) -> torch.Tensor:
    return module(input_ids=TOKENS, attention_mask=torch.ones_like(TOKENS)).logits.squeeze(-1)


def whole(module: Any) -> dict[str, torch.Tensor]:
    """Gather the weights from all ranks."""
    return {
        name: shard.full_tensor() if hasattr(shard, "full_tensor") else shard
        for name, shard in module.state_dict().items()
    }


def main(rank: int, ranks: int, folder: str, model: str) -> None:
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(ranks), "LOCAL_RANK": "0"}
    torch.set_num_threads(1)
    set_platform(CpuPlatform())
    dist.init_process_group("cpu:gloo", init_method=f"file://{folder}/store", rank=rank, world_size=ranks)
    with initialize_config_module("verl.trainer.config", version_base=None):
        engine = build(model)
        assert type(engine).__name__ == "CpuFSDPEngineWithValueHead"
        said = values(engine.module)
        assert said.shape == TOKENS.shape and said.std() > 0
        # Beside FSDP, from the same weights.
        plain = AutoModelForTokenClassification.from_pretrained(model, num_labels=1, attn_implementation="sdpa").eval()
        plain.load_state_dict(whole(engine.module))
        torch.testing.assert_close(values(plain), said)
        engine.module(input_ids=TOKENS).logits.square().mean().backward()
        engine.optimizer_step()
        learned = values(engine.module)
        assert not torch.equal(learned, said)
        engine.save_checkpoint(f"{folder}/critic")
        resumed = build(model)
        assert not torch.equal(values(resumed.module), learned)
        resumed.load_checkpoint(f"{folder}/critic")
        torch.testing.assert_close(values(resumed.module), learned)
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
