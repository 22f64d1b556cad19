"""What is odd in a prompt is said, and nothing is said of a prompt that is as it should be."""

from typing import Any

import pytest

from still_verl.preview.preview import Preview, choose_renderer
from still_verl.preview.rows import Prompt

QUESTION = "What is $3+4$?"
BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
ZERO = "A conversation between User and Assistant. The Assistant thinks between <think> </think> tags."
WHOLE = f"{ZERO}\nUser: {QUESTION}\nAssistant:\n<think>\n"  # as STILL-3-RL-90K: the template is in the data
CHATML = f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"


def user(text: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def faults(
    messages: list[dict[str, Any]],
    prompt: str | None = None,
    template: str | None = None,
    max_length: int | None = None,
) -> list[str]:
    return Preview(choose_renderer(None, prompt, template), max_length).show(Prompt(messages)).faults


def kinds(messages: list[dict[str, Any]], prompt: str | None = None, template: str | None = None) -> list[str]:
    return [fault.partition(":")[0] for fault in faults(messages, prompt, template)]


FINE = [
    user(QUESTION),
    [{"role": "system", "content": "Be brief."}, *user(QUESTION)],
    user("User: Ann, Assistant: Bob. Who is first, the User or the Assistant? Answer: one of them."),
    user("If $|a|<|b|$ and $b<|c|$, is $a<|c|>b$? Say [INSTANCE] or <s>."),
    user("Each card is red or blue. Each card is red or blue. How many ways are there to solve it step by step?"),
    user("Fill in the blank.\nAnswer:"),
    [*user("2+2? " + BOXED), {"role": "assistant", "content": "\\boxed{4}"}, *user(QUESTION + " " + BOXED)],
]


@pytest.mark.parametrize("messages", FINE)
def test_nothing_is_said_of_a_good_prompt(messages: list[dict[str, Any]]) -> None:
    assert faults(messages, template="qwen2.5") == [] == faults(messages, template="chatml")
    assert faults(messages) == []


@pytest.mark.parametrize(
    "text",
    [
        CHATML,
        "<｜User｜>q",
        "[INST] q [/INST]",
        "<start_of_turn>user\nq",
        WHOLE,
        "Human: q\n\nAssistant:",
        "### Instruction:\nq\n\n### Response:\n",
        "Question: q\nAnswer:",
        "**Question:** q\n\n**Answer:** <think>",
        "User: q. Assistant: <think>",
    ],
)
def test_a_template_in_the_data_is_doubled_by_any_other(text: str) -> None:
    for template in ("r1_distill", "qwen2.5", "llama3", "chatml"):
        assert "doubled template" in kinds(user(text), template=template)
    assert "doubled template" in kinds(user(text), prompt="short")
    assert kinds(user(text), prompt="raw") == []


@pytest.mark.parametrize(
    "part", ["Q: \n", "\n", "* ", "<|ab_", "<think> ", "<｜", "Assistant", "put \\box step ", "a. "]
)
def test_a_long_text_is_looked_at(part: str) -> None:
    """A pattern that is quadratic in the text, or worse, would not come back."""
    text = part * (300_000 // len(part))
    assert isinstance(faults(user(text + "x"), prompt="short"), list)


def test_the_frame_of_the_chosen_template(tmp_path: Any) -> None:
    file = tmp_path / "own.jinja"
    file.write_text("Frage {{ messages[-1].content }}\nLösung gesucht")
    framed = user("Frage 1+1?\nLösung   gesucht\n(bald)")
    assert kinds(framed, prompt=str(file)) == ["doubled template"]
    assert kinds(framed, template="chatml") == kinds(user("Lösung gesucht: Frage 3"), prompt=str(file)) == []


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        (f"{QUESTION}\n{BOXED}", "step_by_step"),
        (f"{QUESTION} Let's think step by step.", "step_by_step"),
        (f"{QUESTION} Return the result as \\boxed{{ANSWER}}.", "long_boxed"),
        (f"{QUESTION} Write it between <answer> and </answer>.", "short"),
        (f"{BOXED}\n{QUESTION}\n{BOXED}", None),
        (f"{BOXED}\n{QUESTION}\n{BOXED.lower()}", "raw"),
        (f"{ZERO}\nUser: {WHOLE}", "raw"),
        ("You are a helpful assistant. 1+1?", "qwen2.5"),
    ],
)
def test_an_instruction_that_is_there_twice(text: str, prompt: str | None) -> None:
    template = None
    if prompt == "qwen2.5":
        prompt, template = None, prompt
    (fault,) = faults(user(text), prompt, template)
    assert fault.startswith("doubled template: an instruction is there twice")
    assert faults(user(QUESTION), prompt, template) == []


def test_an_instruction_of_the_system_and_of_the_user() -> None:
    said = [{"role": "system", "content": BOXED}, *user(f"{QUESTION} Think step by step.")]
    assert kinds(said, template="chatml") == ["doubled template"]


def test_the_begin_of_a_text_twice() -> None:
    begin = "<|begin_of_text|>"
    (doubled, fault) = faults(user(begin + QUESTION), template="llama3")
    assert doubled.startswith("doubled template") and fault.startswith("doubled BOS") and begin in fault
    assert kinds(user("<｜begin▁of▁sentence｜>" * 2 + QUESTION), prompt="raw") == ["doubled BOS"]
    assert kinds(user("<｜begin▁of▁sentence｜>" + QUESTION), prompt="raw") == []


def test_thinking_in_a_turn_of_a_user() -> None:
    asked = "Think between <think> and </think>: 1+1?"
    for prompt in (None, "bare", "raw", "short"):
        assert "<think> in a user turn" in kinds(user(asked), prompt)
    assert kinds([{"role": "system", "content": asked}, *user(QUESTION)]) == []


def test_empty_prompts_and_prompts_of_nobody() -> None:
    for nothing in ([], user(""), user(" \n")):
        assert "empty prompt" in kinds(nothing) and "empty prompt" in kinds(nothing, prompt="raw")
    assert "no user turn" in kinds([]) and "no user turn" not in kinds(user(""))
    assert kinds([{"role": "system", "content": "Go on."}]) == ["no user turn"]
    asked_nothing = [{"role": "system", "content": "Be brief."}, *user("")]
    assert kinds(asked_nothing) == ["empty prompt"]


def test_length_and_what_a_template_leaves_out_or_refuses() -> None:
    assert faults(user("é"), "raw", max_length=2) == []
    assert faults(user("éa"), "raw", max_length=2) == ["too long: the prompt has 3 bytes, --max-length is 2"]
    system = [{"role": "system", "content": "Be brief."}, *user(QUESTION)]
    (fault,) = faults(system, "bare")
    assert fault.startswith("left out") and "message 0 (system)" in fault
    (fault,) = faults(user([{"type": "text", "text": QUESTION}]), template="qwen2.5")
    assert fault.startswith("refused")
    assert kinds(user("half \ud800")) == ["refused"]
