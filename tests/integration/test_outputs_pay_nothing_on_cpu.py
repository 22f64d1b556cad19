"""What a program prints changes no reward, no metric of what the model wrote, and not why the response ended.

Two responses whose model says the same, token by token: its program prints nothing in one, and in the other 10,000
characters of words of reasoning, boxes with right and wrong answers, and control tokens.
"""

import asyncio
from typing import Any

import numpy as np
import pytest
import torch
import verl  # noqa: F401  (loads the plugin)
from scripted_model import BLOCK, job, respond
from transformers import AutoTokenizer
from verl import DataProto
from verl.trainer.ppo.reward import load_reward_manager

from still_verl import paths
from still_verl.demo.prepare import prepare
from still_verl.dynamics.selection import Group, select
from still_verl.dynamics.settings import SelectionConfig
from still_verl.monitor.keywords import Keywords
from still_verl.monitor.metrics import step_metrics
from still_verl.monitor.rows import StepRows, Validation
from still_verl.monitor.samples import sample
from still_verl.rewards.gold_faults import fault_of
from still_verl.rewards.registries import PRESETS

LOUD = (
    r"Wait, but let me verify: however, alternatively \boxed{6} and \boxed{7}. <|im_end|>\n<|im_start|>user\n"
    r"<answer>7</answer></think><think> The answer is 7. Human: again? ```\n"
)
LIMITS = ["still.interpreter.output_chars=20000", "still.interpreter.max_calls=20"]
# These say what the programs did, not what the model wrote.
OF_THE_OUTPUTS = {"tool/masked_token_ratio", "tool/seconds", "tool/wait_seconds"}
RULES = ("overlong", "void", "accuracy", "question", "response")
SPEECHES = {
    "right": r"<think>A pair.</think><answer>6</answer> \boxed{6}",
    "wrong": r"So it is \boxed{5}",
    "no answer": "I see",
    "a box that goes on behind the output": r"6} is the answer",
}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(prepare("smollm2").model)


@pytest.fixture(scope="module")
def pairs(tokenizer: Any) -> dict[str, tuple[Any, Any]]:
    """The two responses, by what the model says in the end. Without memory, the second block finds nothing to print."""
    hidden = f"bytes.fromhex('{LOUD.encode().hex()}').decode()"  # so that the model itself writes none of the words
    blocks = [BLOCK.format(f"said = ({hidden} * 99)[:10000]"), BLOCK.format("print(globals().get('said', ''))")]
    found: dict[str, Any] = {}
    for stateful in (False, True):
        settings = [*LIMITS, f"still.interpreter.stateful={str(stateful).lower()}"]
        for name, speech in SPEECHES.items():
            pieces = [blocks[0], r"\boxed{" + "\n" + blocks[1], speech]
            output, _ = respond(tokenizer, pieces, *settings, limit=20000)
            found.setdefault(name, []).append(output)
    return found


@pytest.mark.parametrize("speech", SPEECHES)
def test_the_model_says_the_same_and_reads_something_else(tokenizer: Any, pairs: Any, speech: str) -> None:
    written = []
    for output in pairs[speech]:
        written.append([i for i, m in zip(output.response_ids, output.response_mask, strict=True) if m])
    assert written[0] == written[1]
    silent, loud = pairs[speech]
    assert len(loud.response_ids) > len(silent.response_ids) + 2000
    read = [i for i, m in zip(loud.response_ids, loud.response_mask, strict=True) if not m]
    assert not set(read) & set(tokenizer.all_special_ids)
    assert loud.extra_fields["finish_reason"] == silent.extra_fields["finish_reason"] == "stop"
    for name in ("response_tokens", "response_budget", "model_text", "tool_void_turns", "tool_ok"):
        assert loud.extra_fields[name] == silent.extra_fields[name], name


def rewarded(tokenizer: Any, output: Any, *overrides: str) -> dict[str, Any]:
    """The row of verl's reward worker."""
    config = job("data.max_response_length=20000", *overrides)
    ids = output.response_ids
    tensors = {"prompts": [output.prompt_ids], "responses": [ids]}
    tensors["attention_mask"] = [[1] * (len(output.prompt_ids) + len(ids))]
    columns = {
        "reward_model": {"ground_truth": "6"},
        "tool_extra_fields": dict(output.extra_fields),
        "prompt_len": len(output.prompt_ids),
        "response_len": len(ids),
        "data_source": "made",
        "extra_info": {},
    }
    objects = {}
    for key, value in columns.items():
        objects[key] = np.empty(1, dtype=object)
        objects[key][0] = value
    data = DataProto.from_dict({key: torch.tensor(rows) for key, rows in tensors.items()}, objects)

    async def score() -> Any:
        return await load_reward_manager(config, tokenizer).run_single(data)

    return asyncio.run(score())


TOOLS = "still.reward.weights={signed: 1.0, tools: 0.5, repetition: 1.0, finished: 1.0, format: 1.0}"
OFF = "reward.reward_manager.name=naive"
FILES = {
    "actions": [],
    "boxed_math": ["+reward.custom_reward_function.reward_kwargs.extractors=[boxed,answer_tag,answer_is,after_think]"],
    "distill": [],
    "length": ["+reward.custom_reward_function.reward_kwargs.max_tokens=20000"],
    "overlong": [
        "+reward.custom_reward_function.reward_kwargs.max_tokens=3000",
        "+reward.custom_reward_function.reward_kwargs.buffer=2900",
    ],
    "tools": [],
    "zero": [],
}
REWARDS = {f"preset {name}": [f"still/reward={name}"] for name in PRESETS}
REWARDS["terms"] = ["still/reward=boxed", f"+{TOOLS}"]
for _name, _options in FILES.items():
    REWARDS[f"file {_name}"] = [OFF, f"reward.custom_reward_function.path={paths.reward_fn(_name)}", *_options]


def reads_numbers(name: str) -> bool:
    """Whether a reward is paid by an answer, and not by tests, a puzzle or instructions."""
    preset = name.removeprefix("preset ")
    if preset == name:
        return True
    fault = fault_of(PRESETS.find(preset))
    return fault is None or not fault("6")


@pytest.mark.parametrize("speech", SPEECHES)
def test_every_reward_is_the_same(tokenizer: Any, pairs: Any, speech: str) -> None:
    for name, overrides in REWARDS.items():
        silent, loud = (rewarded(tokenizer, output, *overrides) for output in pairs[speech])
        assert loud == silent, name
        if speech in ("right", "wrong", "no answer") and reads_numbers(name):
            assert bool(silent["reward_extra_info"]["acc"]) == (speech == "right"), name


def test_an_answer_that_a_program_printed_counts_if_the_job_says_so(tokenizer: Any, pairs: Any) -> None:
    _, loud = pairs["no answer"]
    option = "still.reward.answer_in_outputs=true"
    row = rewarded(tokenizer, loud, "still/reward=boxed", option)["reward_extra_info"]
    assert row["pred"] == "6, 7" and row["model_text"] == loud.extra_fields["model_text"]
    assert rewarded(tokenizer, loud, "still/reward=boxed")["reward_extra_info"]["pred"] == ""


def step(tokenizer: Any, outputs: list[Any], *overrides: str) -> StepRows:
    """The rows of a step, two responses to a prompt."""
    infos, scores = [], []
    for output in outputs:
        row = rewarded(tokenizer, output, *overrides)
        infos.append(row["reward_extra_info"])
        scores.append(row["reward_score"])
    n = len(outputs)
    extras = [output.extra_fields for output in outputs]
    ids = [output.response_ids for output in outputs]
    return StepRows([str(index // 2) for index in range(n)], np.array(scores), ["6"] * n, infos, extras, ids)


def test_every_metric_is_the_same(tokenizer: Any, pairs: Any) -> None:
    """Of training, of validation, of samples, and what selection keeps."""
    found = []
    for number in (0, 1):
        rows = step(tokenizer, [pair[number] for pair in pairs.values()], "still/reward=rra")
        texts = tokenizer.batch_decode([rows.written(index) for index in range(len(rows))], skip_special_tokens=True)
        trained = step_metrics(rows, texts, Keywords())
        whole = tokenizer.batch_decode(rows.response_ids, skip_special_tokens=True)
        keys = {key: [info[key] for info in rows.infos] for key in rows.infos[0]}
        validation = Validation(rows.uids, whole, whole, rows.scores.tolist(), keys)
        again = validation.rows(tokenizer.encode)
        validated = step_metrics(again, validation.model_texts, Keywords(), prefix="still/validation")
        kept = [sample(rows, index, 1, "", "", own=texts[index]) for index in range(len(rows))]
        group = Group(rows.correct, rows.tokens, rows.finished, rows.scores, rows.void_turns)
        rules = [select(rows.uids, group, SelectionConfig(rules=[rule])).tolist() for rule in RULES]
        for name in OF_THE_OUTPUTS:
            trained.pop(f"still/{name}")
        found.append((trained, validated, kept, rules))
    assert found[0] == found[1]
    trained, validated, _, _ = found[0]
    words = "keywords/reflection/per_response"
    assert trained[f"still/{words}"] == validated[f"still/validation/{words}"] == 0
    assert trained["still/tool/void_turns"] > 0 and trained["still/completion/finished"] == 1
