"""A reward file by path in a verl that knows nothing of still_verl, as far as stock verl runs without a GPU."""

import json
import os
from pathlib import Path

import pytest
import warm_python

from still_verl.demo.prepare import prepare
from still_verl.paths import reward_fn

pytestmark = pytest.mark.process

STOCK = os.environ | {"VERL_USE_EXTERNAL_PLUGINS": "none"}


def test_verls_reward_worker_scores_with_a_file_of_ours(tmp_path: Path) -> None:
    """verl's own loader and reward manager, many samples at once in its thread executor, one of them poison."""
    code = f"""
import asyncio, json, sys
import numpy as np, torch
from hydra import compose, initialize_config_module
from transformers import AutoTokenizer
from verl import DataProto
from verl.trainer.ppo.reward import load_reward_manager

with initialize_config_module("verl.trainer.config", version_base=None):
    config = compose("ppo_trainer", overrides=["reward.custom_reward_function.path={reward_fn("boxed_math")}"])
tokenizer = AutoTokenizer.from_pretrained("{prepare("random").model}")

def sample(response, gold):
    ids = torch.tensor([tokenizer.encode(response, add_special_tokens=False)])
    return DataProto.from_dict(
        {{"responses": ids, "attention_mask": torch.ones_like(ids)}},
        {{"data_source": np.array(["any"], dtype=object),
          "reward_model": np.array([{{"ground_truth": gold}}], dtype=object),
          "extra_info": np.array([{{}}], dtype=object)}})

async def main():
    manager = load_reward_manager(config, tokenizer)
    pairs = [("so \\\\boxed{{0.5}}", "1/2"), ("\\\\boxed{{2}}", "3"), ("no box", "3"), ("\\\\boxed{{((9!)!)!}}", "3")]
    pairs *= 4
    rows = await asyncio.gather(*(manager.run_single(sample(*pair)) for pair in pairs))
    print(json.dumps([[row["reward_score"] for row in rows], [sorted(row["reward_extra_info"]) for row in rows],
                      "still_verl.plugin" in sys.modules]))

asyncio.run(main())
"""
    done = warm_python.run(["-c", code], tmp_path, STOCK, timeout=200)
    assert done.returncode == 0, done.stderr
    scores, keys, plugin = json.loads(done.stdout.splitlines()[-1])
    assert scores == [1.0, 0.0, 0.0, 0.0] * 4
    assert all(row == keys[0] for row in keys) and "reward" not in keys[0]
    assert plugin is False


def test_a_stock_job_gets_as_far_as_asking_for_a_gpu(tmp_path: Path) -> None:
    """Without our plugin this machine cannot train; what stops the job is that, not the reward."""
    demo = prepare("random")
    command = [
        *("-m", "verl.trainer.main_ppo"),
        f"reward.custom_reward_function.path={reward_fn('boxed_math')}",
        f"data.train_files={demo.train}",
        f"data.val_files={demo.val}",
        *("data.train_batch_size=4", "data.dataloader_num_workers=0", "reward.num_workers=1"),
        *("data.max_prompt_length=32", "data.max_response_length=16", "algorithm.adv_estimator=grpo"),
        f"actor_rollout_ref.model.path={demo.model}",
        *("actor_rollout_ref.rollout.name=vllm", "actor_rollout_ref.rollout.tensor_model_parallel_size=1"),
        *("actor_rollout_ref.actor.ppo_mini_batch_size=4", "actor_rollout_ref.actor.use_dynamic_bsz=true"),
        *("trainer.n_gpus_per_node=1", "trainer.logger=[console]"),
        *("transfer_queue.backend.SimpleStorage.num_data_storage_units=1", "ray_kwargs.ray_init.num_cpus=32"),
    ]
    done = warm_python.run(command, tmp_path, STOCK)
    assert done.returncode == 1
    assert "less than total desired GPUs" in done.stdout + done.stderr
