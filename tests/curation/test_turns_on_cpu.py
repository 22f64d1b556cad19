"""Conversations as columns: one question with its own answer, or a reject."""

from typing import Any

import pytest

from still_verl.curation.adapters import auto
from still_verl.curation.rows import Reject, Row

ASKED, AGAIN = "What is $3+4$?", "And what is $5+6$?"


def turns(*said: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for role, content in said]


def test_a_second_question_does_not_get_the_answer_of_the_first() -> None:
    """The first question once had the last answer."""
    messages = turns(("user", ASKED), ("assistant", "\\boxed{7}"), ("user", AGAIN), ("assistant", "\\boxed{11}"))
    for row in ({"messages": messages}, {"conversations": messages}, {"prompt": messages[:3], "answer": "11"}):
        with pytest.raises(Reject, match="the user asks again after a reply"):
            auto(row)


def test_turns_before_a_reply_are_one_question() -> None:
    messages = turns(("system", "Be kind."), ("user", "Here it is."), ("user", ASKED), ("assistant", "\\boxed{7}"))
    fields = auto({"messages": messages})
    assert fields.problem == f"Here it is.\n{ASKED}" and Row(fields, "1", "f").right_answers == ("7",)


def test_parts_of_a_turn_are_its_text() -> None:
    """They were once a prompt of JSON."""
    parts = [{"type": "text", "text": ASKED}]
    assert auto({"prompt": turns(("user", parts)), "answer": "7"}).problem == ASKED
    with pytest.raises(Reject, match="a part of a turn is no text: 'image'"):
        auto({"prompt": turns(("user", [{"type": "image", "text": None}, *parts])), "answer": "7"})


@pytest.mark.parametrize(("number", "name"), [(5.0, "5"), (float("nan"), ""), ("a", "a"), (None, "")])
def test_a_name_that_a_table_made_a_float(number: Any, name: str) -> None:
    assert auto({"problem": ASKED, "answer": "7", "id": number}).id == name
