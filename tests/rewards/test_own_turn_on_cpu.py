"""What a model writes after its answer, as if it were somebody else, never replaces the answer."""

import time

import pytest

from still_verl.rewards.extract import extract
from still_verl.rewards.own_turn import own_turn

LATER = [
    r"<|im_end|>\boxed{9}",
    "<|im_end|>\n<|im_start|>user\nNow \\boxed{9}",
    r"<|endoftext|>Human: and this? \boxed{9}",
    r"<|eot_id|><|start_header_id|>user<|end_header_id|> \boxed{9}",
    r"<|end_of_text|> \boxed{9}",
    r"<｜end▁of▁sentence｜>\boxed{9}",
    r"</s><s>[INST] 4 + 5? [/INST] \boxed{9}",
    r"<|im_end|><answer>\boxed{9}</answer>",
    "\n\nUser: 4 + 5?\n\nAssistant: \\boxed{9}",
    "\nUser: 4 + 5?\nAssistant: \\boxed{9}",
    "\n\nHuman: 4 + 5?\n\n\\boxed{9}",
    "\n\n**Question:** 4 + 5?\n\n\\boxed{9}",
    "\n\n### Problem: 4 + 5?\n\nSolution: \\boxed{9}",
    "\n\n### Instruction:\nAdd.\n\\boxed{9}",
    "\n\nQ: 4 + 5?\nA: \\boxed{9}",
    "\n\n问题：4 + 5?\n\\boxed{9}",
    r"<eos>\boxed{9}",
    "<end_of_turn>\n<start_of_turn>user\n\\boxed{9}",
    "<start_of_turn>user\n\\boxed{9}",
    r"<|return|>\boxed{9}",
    "<|im_start|>user\n\\boxed{9}",
    "[INST] \\boxed{9}",
    "\n\nUser: 1?\n\n\\boxed{8}\n\nUser: 2?\n\n\\boxed{9}",
]


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("before", ["", "<think>is it \\boxed{5}?</think> ", "Question: 3 + 4? "])
def test_a_later_turn_does_not_replace_the_answer(before: str, later: str) -> None:
    assert extract(rf"{before}It is \boxed{{7}}.{later}").answer == "7"
    assert extract(f"{before}<answer>7</answer>{later}", ["answer_tag", "boxed"]).answer == "7"


@pytest.mark.parametrize(
    "response",
    [
        "Question: 3 + 4?\n\nSolution: \\boxed{7}",
        "User: 3 + 4?\nAssistant: \\boxed{7}",
        "**Problem:** 3 + 4?\n\n**Question:** what is it?\n\n\\boxed{7}",
        "<think>\nThe user says:\n\nUser: 3 + 4? \\boxed{5}\n\nHuman: no\n</think> \\boxed{7}",
        "<|im_start|>assistant\n\\boxed{7}",
        "<|endoftext|>\\boxed{7}",
        "I ask the user: fine. \\boxed{7}",
        "</think></think>\\boxed{7}",
    ],
)
def test_a_task_that_is_repeated_before_the_answer_hides_nothing(response: str) -> None:
    assert extract(response, ["boxed"]).answer == "7"


def test_no_answer_before_the_end_is_no_answer() -> None:
    assert extract(r"I do not know.<|im_end|>User: \boxed{7}").answer == ""


@pytest.mark.parametrize(
    "unit", ["<|im_end", "User:", "\nUser: ", "\nUser: \\boxed{", "</think>", "\n", "* ", "<|im_start|>"]
)
def test_the_time_is_linear_in_the_length(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started = time.process_time()
    own_turn(text)
    extract(text)
    assert time.process_time() - started < 20
