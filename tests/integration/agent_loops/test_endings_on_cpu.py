"""What ends a response of `still_code`, and what does not: the model's own last token decides, and the budget."""

from typing import Any

import pytest
import verl  # noqa: F401  (loads the plugin)
from scripted_model import BLOCK, TokenServer, parts, respond

ANSWER = "So the answer is \\boxed{6}."
ORDINARY = {
    "no language": "Here are the numbers:\n```\n1 2 3\n```\n",
    "text": "Look:\n```text\n1 2 3\n```\n",
    "ipython": "```ipython\n1 + 1\n```\n",
    "braces": "```{python}\n1 + 1\n```\n",
    "another language": "```js\nlet a = 1\n```\n",
    "indented code": "As code:\n\n    ```python\n    print(1)\n    ```\n\n",
    "tildes": "~~~\n1 2 3\n~~~\n",
    "tildes of another language": "~~~sh\nls\n~~~\n",
    "windows": "```text\r\n1\r\n```\r\n",
    "an output that the model made up": "```output\n6\n```\n",
    "python in an ordinary fence": "````markdown\n```python\nprint(1)\n```\n````\n",
    "never closed": "```text\n1 2 3\n",
    "a fence in a line": "Use ```\n as a fence.\n",
    "a quoted fence": "> ```python\n> print(1)\n> ```\n",
    "a long line": "```\n" + "1 " * 300 + "\n```\n",
    "a form feed before a fence": "a\f```python\nx\n```\n",
    "a line separator before a fence": "a\u2028```python\nx\n```\n",
}


@pytest.mark.parametrize("said", ORDINARY.values(), ids=ORDINARY)
def test_an_ordinary_fence_does_not_end_a_response(tokenizer: Any, said: str) -> None:
    output, _ = respond(tokenizer, [said + ANSWER], limit=1200)
    assert tokenizer.decode(output.response_ids) == said + ANSWER + "<|im_end|>"
    assert output.extra_fields["finish_reason"] == "stop" and set(output.response_mask) == {1}
    assert output.extra_fields["tool_calls"] == output.extra_fields["tool_void_turns"] == 0


def test_each_time_that_a_response_goes_on_is_counted(tokenizer: Any) -> None:
    output, server = respond(tokenizer, [ORDINARY["text"] * 3 + ANSWER])
    assert output.extra_fields["tool_resumed"] == 3 == len(server.asked) - 1


@pytest.mark.parametrize("said", ["The tag </code> ends code. ", "Write <code> first. The tag </code ends it. "])
def test_a_tag_in_prose_does_not_end_a_response(tokenizer: Any, said: str) -> None:
    output, _ = respond(tokenizer, [said + ANSWER], "still.interpreter.format=tagged")
    assert parts(tokenizer, output) == (said + ANSWER, "")
    assert output.extra_fields["finish_reason"] == "stop"


def test_a_tag_in_prose_before_a_block_and_one_in_its_code(tokenizer: Any) -> None:
    said = "The tag </code> ends <code> blocks. <code>print('</code>' + '<code>')</code>"
    output, _ = respond(tokenizer, [said, ANSWER], "still.interpreter.format=tagged")
    assert parts(tokenizer, output) == (said + ANSWER, "\n<interpreter>\n</code><code>\n</interpreter>\n")


def test_a_fence_in_a_python_string_ends_neither_block_nor_response(tokenizer: Any) -> None:
    code = 'text = """\n```\nnot the end\n```\n"""\nprint(len(text))'
    output, _ = respond(tokenizer, [BLOCK.format(code), ANSWER])
    assert parts(tokenizer, output)[1] == "```output\n21\n```\n"


BLOCKS = {
    "in a list item": "- so\n  ```python\n  for i in [1]:\n      print(i + 5)\n  ```\n",
    "in a numbered item": "1.  so\n\n    ```python\n    if 1:\n        print(6)\n    ```\n",
    "in an item of an item": "1. a\n   - b\n     ```python\n     print(6)\n     ```\n",
    "behind the mark of an item": "2) ```python\n   print(6)\n   ```\n",
    "in an item with a tab": "-\tso\n\n\t```python\n\tif 1:\n\t\tprint(6)\n\t```\n",
    "with less indentation than its fence": "1. so\n   ```python\nprint(6)\n   ```\n",
    "behind a paragraph that goes on": "1. so\nand on\n   ```python\n   print(6)\n   ```\n",
    "with tildes": "~~~python\nprint(6)\n~~~\n",
    "with a longer fence": "````python\nprint(6)\n````\n",
    "windows": "```python\r\nprint(6)\r\n```\r\n",
    "with blanks behind the fence": "```python\nprint(6)\n```   \n",
}


@pytest.mark.parametrize("said", BLOCKS.values(), ids=BLOCKS)
def test_a_block_is_run_as_commonmark_reads_it(tokenizer: Any, said: str) -> None:
    output, _ = respond(tokenizer, [said, ANSWER])
    assert parts(tokenizer, output) == (said + ANSWER, "```output\n6\n```\n")
    assert output.extra_fields["tool_ok"] == 1


def ended(tokenizer: Any, *pieces: str) -> TokenServer:
    """A model that ends each of its turns by itself."""
    return TokenServer([[*tokenizer.encode(piece), tokenizer.eos_token_id] for piece in pieces])


@pytest.mark.parametrize("fence", ["```", "```  ", "~~~"])
def test_a_block_that_the_end_of_the_turn_closes_is_run_and_the_end_dropped(tokenizer: Any, fence: str) -> None:
    said = f"{fence.strip()}python\nprint(6)\n{fence}"
    output, _ = respond(tokenizer, [], server=ended(tokenizer, said, ANSWER))
    end = tokenizer.eos_token_id
    assert parts(tokenizer, output) == (said + ANSWER, "\n```output\n6\n```\n")
    assert output.response_ids.count(end) == 1 and output.response_ids[-1] == end
    assert len(output.response_logprobs) == len(output.response_ids)
    assert output.extra_fields["tool_closed_by_end"] == 1


def test_such_a_block_ends_the_response_if_the_option_is_off(tokenizer: Any) -> None:
    said = "```python\nprint(6)\n```"
    server = ended(tokenizer, said, ANSWER)
    output, _ = respond(tokenizer, [], "still.interpreter.run_at_end=false", server=server)
    assert parts(tokenizer, output) == (said, "") and output.extra_fields["finish_reason"] == "stop"


def test_such_a_block_without_room_for_an_output_ends_the_response(tokenizer: Any) -> None:
    said = "```python\nprint(6)\n```"
    limit = len(tokenizer.encode(said)) + 1
    output, _ = respond(tokenizer, [said], limit=limit)
    assert output.response_ids[-1] == tokenizer.eos_token_id and output.extra_fields["finish_reason"] == "stop"
    assert output.extra_fields["tool_calls"] == 0


def test_a_model_that_always_ends_with_a_block_ends_at_the_cap(tokenizer: Any) -> None:
    ids = tokenizer.encode("```python\nprint(6)\n```") + [tokenizer.eos_token_id]
    output, server = respond(tokenizer, [], server=TokenServer([ids] * 50), limit=2000)
    assert output.extra_fields["tool_calls"] == 8 and len(server.asked) == 10
    assert output.extra_fields["finish_reason"] == "stop"


def test_what_the_engine_writes_past_a_block_is_dropped(tokenizer: Any) -> None:
    """With speculative decoding vLLM returns some tokens behind a stop string."""
    block, made_up = BLOCK.format("print(6)"), "```output\n7\n```\nSo 7."
    ids = tokenizer.encode(block + made_up) + [tokenizer.eos_token_id]
    rest = tokenizer.encode(ANSWER) + [tokenizer.eos_token_id]
    output, _ = respond(tokenizer, [], server=TokenServer([ids, rest]))
    assert parts(tokenizer, output) == (block + ANSWER, "```output\n6\n```\n")
    assert output.extra_fields["tool_dropped_tokens"] == len(ids) - len(tokenizer.encode(block))
    assert output.extra_fields["tool_skipped_blocks"] == 0


def test_an_engine_that_returns_nothing_ends_the_response(tokenizer: Any) -> None:
    output, server = respond(tokenizer, [], server=TokenServer([tokenizer.encode("Let me")]))
    assert output.extra_fields["finish_reason"] == "empty" and len(server.asked) == 2
    assert tokenizer.decode(output.response_ids) == "Let me"


def test_an_engine_that_gives_up_ends_the_response(tokenizer: Any) -> None:
    server = TokenServer([tokenizer.encode(BLOCK.format("print(1)"))], stop_reason="aborted")
    output, _ = respond(tokenizer, [], server=server)
    assert output.extra_fields["finish_reason"] == "aborted" and len(server.asked) == 1


def test_one_token_a_turn_makes_the_same_response(tokenizer: Any) -> None:
    """Fences, tags and characters are split over turns."""
    said = "é日:\n```text\n1\n```\n" + BLOCK.format("print('日本')")
    ids = [*tokenizer.encode(said), *tokenizer.encode(ANSWER), tokenizer.eos_token_id]
    output, _ = respond(tokenizer, [], server=TokenServer([[token] for token in ids]))
    assert parts(tokenizer, output) == (said + ANSWER, "```output\n日本\n```\n")
    assert [i for i, m in zip(output.response_ids, output.response_mask, strict=True) if m] == ids


def test_wherever_the_budget_ends_the_response_is_whole_and_says_so(tokenizer: Any) -> None:
    said = "a\n```text\n1\n```\n- b\n  ```python\n  print(6)\n  ```\n"
    reasons = []
    for limit in range(1, 80):
        output, _ = respond(tokenizer, [said, "```python\nprint(1)\n```"], limit=limit)
        (size,) = {len(output.response_ids), len(output.response_mask), len(output.response_logprobs)}
        by_itself = output.response_mask[-1] == 1 and output.response_ids[-1] == tokenizer.eos_token_id
        reasons.append(output.extra_fields["finish_reason"])
        assert reasons[-1] == ("stop" if by_itself else "length")
        assert by_itself or size == limit
    assert set(reasons) == {"stop", "length"}


def test_limits_of_verl_on_turns(tokenizer: Any) -> None:
    pieces = [BLOCK.format("print(1)"), BLOCK.format("print(2)"), BLOCK.format("print(3)"), "end"]
    turns = "actor_rollout_ref.rollout.multi_turn"
    output, server = respond(tokenizer, pieces, f"{turns}.max_assistant_turns=2")
    assert (output.extra_fields["tool_calls"], output.extra_fields["finish_reason"]) == (1, "turns")
    output, server = respond(tokenizer, pieces, f"{turns}.max_user_turns=2")
    assert (output.extra_fields["tool_calls"], output.extra_fields["finish_reason"]) == (2, "turns")
    # An ordinary fence is within a turn.
    output, _ = respond(tokenizer, [ORDINARY["text"] * 5 + ANSWER], f"{turns}.max_assistant_turns=2")
    assert output.extra_fields["finish_reason"] == "stop"


def test_a_context_that_is_shorter_than_the_budget_ends_the_response(tokenizer: Any) -> None:
    output, server = respond(tokenizer, ["word " * 60], "actor_rollout_ref.rollout.max_model_len=40")
    assert len(server.asked[0][1]) + len(output.response_ids) == 40
    assert output.extra_fields["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("pieces", "void"),
    [
        ([ANSWER], 0),
        (["I do not know."], 1),
        ([BLOCK.format("1"), ANSWER], 0),
        ([BLOCK.format("1"), "Hm."], 1),
        ([ANSWER + "\n" + BLOCK.format("1"), "Yes."], 0),
        (["```python\nprint(1)\n" * 2], 1),
        (["```text\n1\n```\n", "and so on"], 1),
    ],
)
def test_a_turn_with_neither_code_nor_answer_is_void(tokenizer: Any, pieces: list[str], void: int) -> None:
    output, _ = respond(tokenizer, pieces)
    assert output.extra_fields["tool_void_turns"] == void
