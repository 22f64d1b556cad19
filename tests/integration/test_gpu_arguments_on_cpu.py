"""Every GPU recipe gives verl and vLLM arguments that they take, on a platform that claims CUDA."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from still_verl.paths import recipe_names

HELPER = Path(__file__).parents[1] / "helpers" / "gpu_arguments.py"
ROLLOUT = "actor_rollout_ref.rollout"
RECIPES = [name for name in recipe_names() if not name.startswith("demo") and name != "base"]
# What must not pass: a dtype and an argument that vLLM does not know, a length above the model's, a key of verl's.
WRONG = {
    "dtype": ([f"{ROLLOUT}.dtype=bfloat15"], "argument --dtype: invalid choice"),
    "argument": (
        [f"+{ROLLOUT}.engine_kwargs.vllm.max_number_of_seqs=5"],
        "unrecognized arguments: --max-number-of-seqs",
    ),
    "length": ([f"{ROLLOUT}.max_model_len=200000"], "max_position_embeddings"),
    "aggregation": (["actor_rollout_ref.actor.loss_agg_mode=sum"], "loss_agg_mode"),
}


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    """What was built of every recipe, and of every wrong setting on top of one, in one process."""
    jobs: list[tuple[str, list[str]]] = [(name, [f"+recipe={name}"]) for name in RECIPES]
    jobs += [(name, ["+recipe=zero_7b_plain", *overrides]) for name, (overrides, _) in WRONG.items()]
    done = subprocess.run(
        [sys.executable, str(HELPER)], input=json.dumps(jobs), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.process
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_gpu_recipe_builds_the_arguments_of_its_engine(built: dict[str, Any], recipe: str) -> None:
    found = built[recipe]
    assert isinstance(found, dict), found
    assert (found["device"], found["dtype"], found["enable_sleep_mode"]) == ("cuda", "bfloat16", True)
    assert found["max_model_len"] > 1024 and found["tensor_parallel_size"] >= 1
    assert 0.3 < found["gpu_memory_utilization"] < 0.95


@pytest.mark.process
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_setting_does_not_build(built: dict[str, Any], wrong: str) -> None:
    assert isinstance(built[wrong], str) and WRONG[wrong][1] in built[wrong], built[wrong]
