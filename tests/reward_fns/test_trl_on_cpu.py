"""The adapter for TRL's signature, by itself and in TRL's own trainer."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from still_verl import paths
from still_verl.demo.prepare import prepare
from still_verl.rewards.drop_in import boxed_math_reward

RIGHT, WRONG = r"so \boxed{\frac12}", r"so \boxed{3}"
TRL = "trl==1.16.0"


@pytest.fixture(scope="module")
def trl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install TRL into a folder of its own: verl 0.9.1 ends every job where it finds so new a TRL."""
    folder = tmp_path_factory.mktemp("trl")
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), TRL]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        pytest.skip(f"{TRL} cannot be installed here: {done.stderr.strip()[-200:]}")
    return folder


def with_trl(folder: Path, code: str) -> Any:
    """Run a program that can import TRL, and return what its last line says in JSON."""
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def said(*contents: Any, role: str = "assistant") -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for content in contents]


@pytest.mark.parametrize(
    ("completion", "solution", "reward"),
    [
        (RIGHT, "0.5", 1.0),
        (WRONG, "0.5", 0.0),
        ("no box", "0.5", 0.0),
        (said(RIGHT), "0.5", 1.0),
        (said(WRONG), "0.5", 0.0),
        (said("I compute", RIGHT), "0.5", 1.0),
        (said(RIGHT) + said(r"\boxed{3}", role="tool"), "0.5", 1.0),
        (said(RIGHT, None), "0.5", 1.0),
        (said([{"type": "text", "text": r"\boxed"}, {"type": "text", "text": "{0.5}"}]), "1/2", 1.0),
        ([], "0.5", 0.0),
        (None, "0.5", 0.0),
        ({"role": "assistant", "content": RIGHT}, "0.5", 1.0),
        ("", "0.5", 0.0),
        (RIGHT, r"We see that $x = \boxed{0.5}$.", 1.0),
        (RIGHT, ["1/3", "1/2"], 1.0),
        (RIGHT, {"answer": 0.5}, 1.0),
        (RIGHT, None, None),
        (RIGHT, "", None),
        (RIGHT, float("nan"), None),
        (RIGHT, {"level": 5}, None),
        (r"\boxed{((9!)!)!}", "3", 0.0),
    ],
)
def test_completions_plain_and_conversational(completion: Any, solution: Any, reward: float | None) -> None:
    assert boxed_math_reward([completion], solution=[solution], prompts=["p"], level=[1]) == [reward]


def test_rewards_are_in_the_order_of_the_completions() -> None:
    completions = [rf"\boxed{{{number % 3}}}" for number in range(60)]
    expected = [float(number % 3 == 1) for number in range(60)]
    assert boxed_math_reward(completions, ["1"] * 60) == expected
    with pytest.raises(ValueError, match="shorter"):
        boxed_math_reward(completions, ["1"])


def test_the_file_of_reward_fns_is_that_function() -> None:
    from still_verl.rewards.offline import load_reward

    assert load_reward(f"{paths.reward_fn('trl')}:boxed_math_reward") is boxed_math_reward


@pytest.mark.process
def test_it_agrees_with_trls_own_reward_where_both_can_read(trl_folder: Path) -> None:
    completions = [said(text) for text in (r"\boxed{0.5}", r"\boxed{\frac{1}{3}}", "nothing", r"\boxed{x+1}")]
    solutions = [r"\frac{1}{2}", r"\frac{1}{2}", r"$7$", "$1+x$"]
    code = f"""
import json
from trl.rewards import accuracy_reward
print(json.dumps(accuracy_reward({completions!r}, {solutions!r})))
"""
    assert boxed_math_reward(completions, solutions) == with_trl(trl_folder, code) == [1.0, 0.0, 0.0, 1.0]


@pytest.fixture(scope="module")
def steps(trl_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A step of GRPO on CPU with plain prompts and one with conversations: solutions and rewards of each.

    One process for both: TRL takes ten seconds to import. One prompt has a right answer that nobody can read.
    """
    code = f"""
import json
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer
from still_verl.rewards.drop_in import boxed_math_reward

def recorded(completions, solution, **columns):
    rewards = boxed_math_reward(completions, solution, **columns)
    seen.append([solution, rewards])
    return rewards

model, found = "{prepare("random").model}", []
for conversational in (False, True):
    seen = []
    prompts = [[dict(role="user", content=text)] if conversational else text for text in ("1+1", "2+2")]
    rows = [dict(prompt=prompts[0], solution="2"), dict(prompt=prompts[1], solution=None)]
    arguments = GRPOConfig(output_dir="{tmp_path_factory.mktemp("steps")}", per_device_train_batch_size=4,
                           num_generations=2, max_steps=1, max_completion_length=8, use_cpu=True, bf16=False,
                           save_strategy="no", report_to=[])
    tokenizer = AutoTokenizer.from_pretrained(model)
    GRPOTrainer(model=AutoModelForCausalLM.from_pretrained(model), processing_class=tokenizer, reward_funcs=recorded,
                args=arguments, train_dataset=Dataset.from_list(rows * 2)).train()
    found.append(seen)
print(json.dumps(found))
"""
    return with_trl(trl_folder, code)


@pytest.mark.process
@pytest.mark.parametrize("conversational", [False, True])
def test_trls_trainer_takes_a_step_with_it(steps: Any, conversational: bool) -> None:
    """The prompt whose answer nobody can read has no reward."""
    ((solutions, rewards),) = steps[conversational]
    assert sorted(solutions, key=str) == ["2", "2", None, None]
    assert rewards == [None if solution is None else 0.0 for solution in solutions]
