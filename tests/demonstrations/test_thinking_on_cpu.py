"""Rows of token ids whose thinking was lost are found, and no others."""

from typing import Any

import pytest

from still_verl.demonstrations.masks import token_row
from still_verl.demonstrations.rows import RowError, read_row
from still_verl.demonstrations.template import MARKS, named_template
from still_verl.demonstrations.thinking import check_thinking, opens_thinking
from still_verl.demonstrations.tokens import Bytes

THOUGHTS = "two and two\n are four, naïvely"


def as_ids(template: str, read: str, wrote: str, **more: Any) -> dict[str, Any]:
    """A row of bytes: what the model read, and what it wrote."""
    return {
        "input_ids": list((read + wrote).encode()),
        "loss_mask": [0] * len(read.encode()) + [1] * len(wrote.encode()),
    } | more


def check(row: dict[str, Any], template: str) -> None:
    found = read_row(row)
    check_thinking(row, found, Bytes(), named_template(template))  # type: ignore[arg-type]


def asked(template: str) -> str:
    return named_template(template).render([{"role": "user", "content": "2+2?"}], None, begin_answer=True)


def conversation(content: str, **more: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": content} | more]


def test_which_templates_begin_the_thinking() -> None:
    assert [name for name in MARKS if opens_thinking(named_template(name))] == ["r1_distill"]


@pytest.mark.parametrize("template", MARKS)
def test_what_the_model_read_and_wrote_is_taken(template: str) -> None:
    wrote = f"{THOUGHTS}</think>\\boxed{{4}}<|end|>"
    if template != "r1_distill":
        wrote = f"<think>{wrote}"
    check(as_ids(template, asked(template), wrote), template)
    check(as_ids(template, asked(template), wrote, messages=conversation("\\boxed{4}", reasoning=THOUGHTS)), template)
    user = asked(template).replace("2+2?", "what does </think> do?")
    check(as_ids(template, user, wrote), template)
    whole = conversation(f"<think>{THOUGHTS}</think>\\boxed{{4}}")
    check(as_ids(template, asked(template), wrote, messages=whole), template)


@pytest.mark.parametrize("template", MARKS)
def test_ids_of_our_own_rendering_are_taken(template: str) -> None:
    messages = conversation(f"<think>{THOUGHTS}</think>\\boxed{{4}}")
    made = token_row({"messages": messages}, Bytes(), named_template(template))
    check({"input_ids": made.input_ids, "loss_mask": made.loss_mask, "messages": messages}, template)


@pytest.mark.parametrize(
    ("template", "read", "wrote", "more", "says"),
    [
        # The stock template of R1-Distill filled in with a whole conversation: it deletes all before </think>.
        ("r1_distill", "<｜User｜>2+2?<｜Assistant｜>", "\\boxed{4}", {}, "does not stand behind it"),
        ("qwen2.5", "2+2?<|im_start|>assistant\n", "are four</think>\\boxed{4}", {}, "and no <think> before it"),
        ("chatml", "", "</think><think>x</think>", {}, "and no <think> before it"),
        (
            "chatml",
            "2+2?",
            "\\boxed{4}",
            {"messages": conversation("<think>a</think>b")},
            "messages\\[1\\] has thoughts",
        ),
        ("base", "2+2?", "4", {"messages": conversation("4", reasoning_content="hm")}, "messages\\[1\\] has thoughts"),
    ],
)
def test_lost_thinking_is_refused(template: str, read: str, wrote: str, more: Any, says: str) -> None:
    with pytest.raises(RowError, match=says) as error:
        check(as_ids(template, read, wrote, **more), template)
    assert "\n" not in str(error.value) and "give messages" in str(error.value)


@pytest.mark.parametrize("messages", [None, "text", [None], [{"role": "assistant", "content": None}], [{}]])
def test_messages_of_any_form_beside_ids_are_for_people(messages: Any) -> None:
    check(as_ids("chatml", "2+2?", "4", messages=messages), "chatml")
