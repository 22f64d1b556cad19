"""Builds what verl and vLLM build of each job before they touch a GPU, on a platform that claims CUDA.

A process of its own: reads a list of [name, overrides] from stdin, as JSON, and writes {name: arguments or error} as
the last line of its output: vLLM logs there, too.
"""

import asyncio
import contextlib
import io
import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from omegaconf import open_dict
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
from verl.plugin.platform import get_platform, set_platform
from verl.plugin.platform.platform_cuda import PlatformCUDA


class ClaimsCuda(PlatformCUDA):
    def is_available(self) -> bool:
        return True


set_platform(ClaimsCuda())  # before verl's other modules ask
from verl.workers.rollout.replica import RolloutMode  # noqa: E402
from verl.workers.rollout.vllm_rollout.vllm_async_server import AsyncEngineArgs, vLLMHttpServer  # noqa: E402

from still_verl.config import still_config  # noqa: E402
from still_verl.integration.checks.job import check_support  # noqa: E402
from still_verl.integration.checks.upstream import build_upstream  # noqa: E402
from still_verl.plan.known import CONFIGS  # noqa: E402


class ArgumentsOnly(vLLMHttpServer):
    """verl's server up to the engine: it reads its configs and parses vLLM's command line, without Ray."""

    def __init__(self, rollout: Any, model: Any, devices: int) -> None:
        self.config, self.model_config = self._init_config(rollout), self._init_model_config(model)
        self._validate_configs()
        self.rollout_mode, self.workers = RolloutMode.HYBRID, []
        self.replica_rank = self.node_rank = 0
        self.gpus_per_node, self.nnodes = devices, 1
        self._disaggregation_role = "null"
        self.arguments: AsyncEngineArgs

    def _should_profile(self) -> bool:
        return False

    async def run_server(self, args: Namespace) -> None:
        self.arguments = AsyncEngineArgs.from_cli_args(args)


def build(overrides: list[str], folder: Path) -> dict[str, Any]:
    """Compose a job, build verl's dataclasses and vLLM's arguments of it."""
    config = compose("ppo_trainer", overrides)
    check_support(config, still_config(config))
    build_upstream(config)
    # The model's sizes are here, its weights and words are not.
    sizes = CONFIGS[config.actor_rollout_ref.model.path] | {"max_position_embeddings": 131_072}
    sizes["architectures"] = [MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[sizes["model_type"]]]
    (folder / "config.json").write_text(json.dumps(sizes))
    model = config.actor_rollout_ref.model
    with open_dict(model):
        model.path, model.load_tokenizer = str(folder), False
    server = ArgumentsOnly(config.actor_rollout_ref.rollout, model, config.trainer.n_gpus_per_node)
    asyncio.run(server.launch_server())
    names = ("dtype", "tensor_parallel_size", "max_model_len", "gpu_memory_utilization", "enable_sleep_mode", "seed")
    return {"device": get_platform().device_name} | {name: getattr(server.arguments, name) for name in names}


def result(overrides: list[str]) -> dict[str, Any] | str:
    """Return the arguments of a job, or the error in one line; argparse writes its own to stderr, and exits."""
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        try:
            with contextlib.redirect_stderr(said):
                return build(overrides, Path(folder))
        except SystemExit:
            return said.getvalue().splitlines()[-1]
        except Exception as error:
            return f"{type(error).__name__}: {error}"


def main() -> None:
    found = {name: result(overrides) for name, overrides in json.load(sys.stdin)}
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    with initialize_config_module("verl.trainer.config", version_base=None):
        main()
