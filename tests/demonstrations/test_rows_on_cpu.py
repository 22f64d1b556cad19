"""Rows that cannot be trained on are refused in one line; fields of messages that services write are read."""

import json
from pathlib import Path
from typing import Any

import pytest

from still_verl.demonstrations.files import read_rows
from still_verl.demonstrations.masks import stretches, token_row
from still_verl.demonstrations.rows import RowError, read_row
from still_verl.demonstrations.template import JinjaTemplate, named_template
from still_verl.demonstrations.tokens import Bytes

ASKED = {"role": "user", "content": "q"}
CALL = {"id": "1", "type": "function", "function": {"name": "run", "arguments": '{"code": "1"}'}}


def runs(*messages: dict[str, Any], layout: str = "chatml") -> list[str]:
    """What is trained, in runs."""
    tokens = Bytes()
    row = token_row({"messages": list(messages)}, tokens, named_template(layout))
    return [stretch.text for stretch in stretches(row, tokens) if stretch.trained]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (5, "a row is 5"),
        ({}, "no `messages` and no `input_ids`"),
        ({"messages": None, "prompt": "x"}, "prompt"),
        ({"messages": []}, "messages is empty"),
        ({"messages": "x"}, "messages is 'x'"),
        ({"messages": [1]}, "messages[0] is 1"),
        ({"messages": [{"content": "x"}]}, "messages[0].role is None"),
        ({"messages": [ASKED], "tools": "x"}, "tools is 'x'"),
        ({"input_ids": [1]}, "loss_mask is not"),
        ({"loss_mask": [1]}, "input_ids is not"),
        ({"input_ids": [1], "loss_mask": [1, 0]}, "1 values and loss_mask 2"),
        ({"input_ids": [1.5], "loss_mask": [1]}, "input_ids has 1.5"),
        ({"input_ids": [-1], "loss_mask": [1]}, "input_ids has -1"),
        ({"input_ids": [1], "loss_mask": [2]}, "loss_mask has 2"),
        ({"input_ids": [], "loss_mask": []}, "input_ids is empty"),
        ({"input_ids": 3, "loss_mask": [1]}, "input_ids is 3"),
    ],
)
def test_a_row_that_is_broken(row: Any, says: str) -> None:
    with pytest.raises(RowError) as refused:
        read_row(row)
    assert says in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"content": 5}, "content is 5"),
        ({"content": [{"type": "image_url", "image_url": "x"}]}, "image_url"),
        ({"content": "\ud800"}, "lone surrogate"),
        ({"content": "x", "reasoning_content": 5}, "reasoning_content is 5"),
        ({"content": "<think>a</think>x", "reasoning_content": "b"}, "differ"),
        ({"content": "x", "tool_calls": 5}, "tool_calls is 5"),
        ({"content": "x", "tool_calls": [{"function": {}}]}, "function.name"),
    ],
)
def test_a_message_that_is_no_text(message: dict[str, Any], says: str) -> None:
    with pytest.raises(RowError, match=says) as refused:
        runs(ASKED, {"role": "assistant"} | message)
    assert str(refused.value).startswith("messages[1]: ") and "\n" not in str(refused.value)


def test_fields_in_which_services_put_what_a_model_wrote() -> None:
    def own(**message: Any) -> str:
        (run,) = runs(ASKED, {"role": "assistant", **message})
        return run.removesuffix("<|im_end|>")

    written = '<tool_call>\n{"name": "run", "arguments": {"code": "1"}}\n</tool_call>'
    assert own(content=None, tool_calls=[CALL]) == written
    assert own(content="so", function_call=CALL["function"]) == f"so\n{written}"
    assert own(content=[{"type": "text", "text": "a"}, "b"]) == "ab"
    assert own(content="x", reasoning_content="hm\n") == "<think>\nhm\n</think>\n\nx"
    assert own(content="<think>\nhm\n</think>x", reasoning_content="hm") == "<think>\nhm\n</think>x"
    assert own(content=None) == ""


def test_calls_in_the_form_of_the_template() -> None:
    asked, called = ASKED, {"role": "assistant", "content": "", "tool_calls": [CALL, CALL]}
    arguments = {"code": "1"}
    as_object = [{"function": {"name": "run", "arguments": arguments}}] * 2
    (own,) = runs(asked, called, layout="qwen2.5")
    by_template = named_template("qwen2.5").render([asked, called | {"tool_calls": as_object}], None, False)
    assert by_template.endswith(f"<|im_start|>assistant\n{own}\n")
    (own,) = runs(asked, called, layout="r1_distill")
    assert own.startswith("<｜tool▁calls▁begin｜>") and own.endswith("<｜tool▁calls▁end｜><｜end▁of▁sentence｜>")
    with pytest.raises(RowError, match="form of its own"):
        template = JinjaTemplate("{% for m in messages %}{{ m.tool_calls }}{% endfor %}")
        token_row({"messages": [asked, called]}, Bytes(), template)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}<|e|>",
            "ends a turn|leaves",
        ),
        ("{% for m in messages %}{{ m.content }}{{ m.content }}<|e|>{% endfor %}", "2 times"),
        ("{% for m in messages %}{{ m.content }}\n{% endfor %}", "no control token"),
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{{ messages[7].content }}", "refuses"),
        ("{% for %}", "cannot be read"),
    ],
)
def test_a_template_that_cannot_be_proven(source: str, says: str) -> None:
    with pytest.raises(RowError, match=says):
        row = {"messages": [ASKED, {"role": "assistant", "content": "a"}]}
        token_row(row, Bytes(), JinjaTemplate(source, eos="<|e|>"))


def test_a_template_that_adds_an_empty_thinking_or_deletes_one() -> None:
    """As Qwen3's: what it puts before a turn is not what a model has before it."""
    source = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}<think>\n\n</think>\n\n"
        "{{ m.content.split('</think>')[-1] }}{% else %}{{ m.content }}{% endif %}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    tokens = Bytes()
    row = token_row(
        {"messages": [ASKED, {"role": "assistant", "content": "<think>a</think>b"}]}, tokens, JinjaTemplate(source)
    )
    assert [stretch.text for stretch in stretches(row, tokens)] == [
        "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n",
        "<think>a</think>b<|im_end|>",
        "\n",
    ]


def test_files(tmp_path: Path) -> None:
    rows = [{"messages": [ASKED | {"content": "a\u2028b"}]}, {"a": 1}]
    path = tmp_path / "rows.jsonl"
    path.write_text("\ufeff" + "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    assert list(read_rows(path)) == rows
    path.write_text(json.dumps(rows, indent=1))
    assert list(read_rows(path)) == rows
    for content, says in ((b"{", "line 1 is no JSON"), (b"", "no rows"), (b"\xff\xfe", "UTF-8"), (b"PAR1", "parquet")):
        path.write_bytes(content)
        with pytest.raises(RowError, match=says) as refused:
            list(read_rows(path))
        assert "\n" not in str(refused.value)
