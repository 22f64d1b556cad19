"""What `test_engine_on_cpu.py` runs: verl's engine of a policy on CPU, with packed sequences and with padding.

python policy_alone.py FOLDER MODEL
"""

import os
import sys
from typing import Any

import torch
import torch.distributed as dist
import verl  # noqa: F401  (loads the plugin)
from hydra import compose, initialize_config_module
from verl.plugin.platform import set_platform
from verl.utils import tensordict_utils as tu

from still_verl.integration.cpu.platform import CpuPlatform

LENGTHS = [5, 40, 1, 17, 9, 33]
PADDED = ["actor_rollout_ref.model.use_remove_padding=false"]


def build(model: str, overrides: list[str]) -> Any:
    """Build the engine of a policy as verl's worker does."""
    from verl.utils.config import omega_conf_to_dataclass
    from verl.workers.engine import EngineRegistry

    job = ["+recipe=base", "still/device=cpu", f"actor_rollout_ref.model.path={model}", *overrides]
    config = compose("ppo_trainer", overrides=job).actor_rollout_ref
    policy, actor = omega_conf_to_dataclass(config.model), omega_conf_to_dataclass(config.actor)
    engine = EngineRegistry.new(
        model_type="language_model",
        backend=actor.engine.strategy,
        model_config=policy,
        engine_config=actor.engine,
        optimizer_config=actor.optim,
        checkpoint_config=actor.checkpoint,
    )
    engine.initialize()
    return engine


def log_probs(engine: Any, packed: bool) -> torch.Tensor:
    """Return the log-probs of every token of made-up sequences, behind each other."""
    torch.manual_seed(0)
    sequences = [torch.randint(3, 60, (length,)) for length in LENGTHS]
    columns = {
        "input_ids": sequences,
        "position_ids": [torch.arange(length) for length in LENGTHS],
        "loss_mask": [torch.ones(length) for length in LENGTHS],
    }
    nested = {name: torch.nested.as_nested_tensor(rows, layout=torch.jagged) for name, rows in columns.items()}
    data = tu.get_tensordict(nested)
    tu.assign_non_tensor(
        data,
        use_dynamic_bsz=True,
        max_token_len_per_gpu=64,
        use_remove_padding=packed,
        use_fused_kernels=False,
        calculate_entropy=True,
        compute_loss=False,
        temperature=1.0,
    )
    with engine.eval_mode():
        output = engine.infer_batch(data, loss_function=None)
    found = output["model_output"]
    return torch.stack([found["log_probs"].values(), found["entropy"].values()])


def main(folder: str, model: str) -> None:
    os.environ |= {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}
    set_platform(CpuPlatform())
    dist.init_process_group("cpu:gloo", init_method=f"file://{folder}/store", rank=0, world_size=1)
    with initialize_config_module("verl.trainer.config", version_base=None):
        engine = build(model, [])
        packed = log_probs(engine, packed=True)
        saved = engine.module.config.to_json_string()
        assert "still_packed" not in saved
        padded = log_probs(build(model, PADDED), packed=False)
    assert packed.shape == (2, sum(LENGTHS))
    inner = torch.ones(sum(LENGTHS), dtype=torch.bool)
    inner[torch.tensor(LENGTHS).cumsum(0) - 1] = False  # a last token has no next one; verl fills its place
    torch.testing.assert_close(packed[:, inner], padded[:, inner], rtol=1e-4, atol=1e-5)
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
