"""The loop `still_code` with the format `tool_call`, with the real sandbox."""

import asyncio
from typing import Any

import pytest
import verl  # noqa: F401  (loads the plugin)
from scripted_model import answer, call, parts, tool_respond


def test_a_tool_call_is_answered_as_the_chat_template_does(tool_tokenizer: Any) -> None:
    pieces = ["Let me see. " + call("print(6*7)"), "It is 42."]
    output, server = tool_respond(tool_tokenizer, pieces)
    prompt = tool_tokenizer.decode(server.asked[0][1])
    assert "<tools>" in prompt and '"name": "code_interpreter"' in prompt
    whole = tool_tokenizer.decode(output.response_ids)
    assert whole == f"{pieces[0]}<|im_end|>\n{answer('42')}{pieces[1]}<|im_end|>"
    written, read = parts(tool_tokenizer, output)
    assert (written, read) == ("".join(pieces), "\n" + answer("42"))
    ends = [
        m for i, m in zip(output.response_ids, output.response_mask, strict=True) if i == tool_tokenizer.eos_token_id
    ]
    assert ends == [1, 0, 1], "the model learns to end its turns, not the interpreter's"
    probs = [p for p, m in zip(output.response_logprobs, output.response_mask, strict=True) if not m]
    assert set(probs) == {0.0} and len(output.response_logprobs) == len(output.response_ids)
    assert "stop" not in server.asked[0][2]
    extra = output.extra_fields
    assert (extra["tool_calls"], extra["tool_ok"], extra["finish_reason"]) == (1, 1, "stop")
    assert extra["tool_masked_tokens"] == output.response_mask.count(0)


def test_turns_of_tool_calls_go_on_from_the_generated_tokens(tool_tokenizer: Any) -> None:
    pieces = [call("x = 20"), call("x + 1"), "21"]
    output, server = tool_respond(tool_tokenizer, pieces)
    assert parts(tool_tokenizer, output)[1] == "\n" + answer("(no output)") + "\n" + answer("21")
    whole = server.asked[0][1] + output.response_ids
    for _, prompt, _ in server.asked:
        assert whole[: len(prompt)] == prompt


def test_several_tool_calls_of_a_turn_are_answered_in_order(tool_tokenizer: Any) -> None:
    output, _ = tool_respond(tool_tokenizer, [call("1") + "\n" + call("2"), "."])
    first, second = (answer(text).removesuffix("<|im_start|>assistant\n") for text in "12")
    assert parts(tool_tokenizer, output)[1] == f"\n{first}{second}<|im_start|>assistant\n"
    assert output.extra_fields["tool_ok"] == 2


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ('<tool_call>{"name": "code_interpreter", </tool_call>', "unreadable", "could not be read"),
        ('<tool_call>{"arguments": {"code": "1"}}</tool_call>', "unreadable", "could not be read"),
        ("<tool_call>[1]</tool_call>", "unreadable", "could not be read"),
        (call("1", name="search" * 20), "unknown_tool", "The only one is code_interpreter"),
        ('<tool_call>{"name": "code_interpreter", "arguments": {}}</tool_call>', "no_code", 'need "code"'),
        ('<tool_call>{"name": "code_interpreter", "arguments": "1"}</tool_call>', "no_code", 'need "code"'),
        (call(5), "no_code", 'need "code"'),
        (call("  "), "no_code", 'need "code"'),
    ],
)
def test_a_tool_call_without_a_program(tool_tokenizer: Any, said: str, kind: str, told: str) -> None:
    output, _ = tool_respond(tool_tokenizer, [said, call("print(1)"), "."])
    _, read = parts(tool_tokenizer, output)
    assert "<tool_response>\nError: " in read and told in read and answer("1") in read
    extra = output.extra_fields
    assert (extra[f"tool_{kind}"], extra["tool_ok"], extra["tool_calls"]) == (1, 1, 2)


def test_readable_and_unreadable_calls_of_a_turn_are_all_answered(tool_tokenizer: Any) -> None:
    output, _ = tool_respond(tool_tokenizer, [call("1") + "<tool_call>{</tool_call>", "."])
    assert parts(tool_tokenizer, output)[1].count("<tool_response>") == 2
    assert (output.extra_fields["tool_ok"], output.extra_fields["tool_unreadable"]) == (1, 1)


def test_a_turn_without_a_call_ends_the_response(tool_tokenizer: Any) -> None:
    output, server = tool_respond(tool_tokenizer, ["Use <tool_call> wisely"])
    assert len(server.asked) == 1 and 0 not in output.response_mask
    assert (output.extra_fields["tool_calls"], output.extra_fields["tool_unfinished"]) == (0, 1)


def test_caps_hold_for_tool_calls(tool_tokenizer: Any) -> None:
    pieces = [call("1") + call("2"), "<tool_call>{</tool_call>", "end"]
    output, server = tool_respond(tool_tokenizer, pieces, "still.interpreter.max_calls=1")
    assert parts(tool_tokenizer, output)[1].count("No more code is run in this response: 1 calls were made.") == 1
    assert (output.extra_fields["tool_calls"], output.extra_fields["tool_cap_reached"]) == (1, 1)
    assert len(server.asked) == 2


def test_malformed_calls_count_towards_the_cap(tool_tokenizer: Any) -> None:
    output, _ = tool_respond(tool_tokenizer, ["<tool_call>{</tool_call>"] * 9, "still.interpreter.max_calls=2")
    assert (output.extra_fields["tool_unreadable"], output.extra_fields["tool_cap_reached"]) == (2, 1)


def test_the_budget_holds_for_answers_of_tools(tool_tokenizer: Any) -> None:
    output, _ = tool_respond(tool_tokenizer, [call("print('1 ' * 400)"), "more"], limit=60)
    assert len(output.response_ids) == len(output.response_mask) == 60
    assert output.extra_fields["tool_cut_outputs"] == 1 and output.extra_fields["finish_reason"] == "length"


def test_a_tool_call_that_the_budget_cuts_is_not_run(tool_tokenizer: Any) -> None:
    output, _ = tool_respond(tool_tokenizer, [call("print(1)\n" * 40)], limit=30)
    assert (output.extra_fields["tool_calls"], output.extra_fields["tool_unfinished"]) == (0, 1)


def test_another_of_verls_parsers(tool_tokenizer: Any) -> None:
    said = (
        "<tool_call>\n<function=code_interpreter>\n<parameter=code>\nprint(7)\n</parameter>\n</function>\n</tool_call>"
    )
    output, _ = tool_respond(tool_tokenizer, [said, "."], "actor_rollout_ref.rollout.multi_turn.format=qwen3_coder")
    assert answer("7") in parts(tool_tokenizer, output)[1]


def test_a_token_that_ends_a_turn_and_begins_its_answer_is_not_there_twice(tool_tokenizer: Any) -> None:
    """GLM's templates: the model stops at the token with which its tools' turn begins."""
    from verl.utils.tokenizer.continuous_token import MergeResult

    from still_verl.integration.agent_loops.tool_calls import ToolCalls
    from still_verl.interpreter.token_buffer import TokenBuffer

    class Loop:
        tokenizer = tool_tokenizer

        async def ct_merge_context_msg(self, before: Any, after: Any, ids: list[int], *_: Any, **__: Any) -> Any:
            return MergeResult([*ids[:-1], 90, 91, 92], 3, removed_prefix_token_count=1), [], None

    stream = TokenBuffer(budget=10)
    stream.add_generated([5, 6, 90], [-1.0, -2.0, -3.0])
    back, ids = asyncio.run(ToolCalls(Loop(), "hermes", []).reply(["x"], [1, 2, *stream.ids]))  # type: ignore[arg-type]
    stream.drop_last(back)
    stream.add_output(ids)
    assert stream.ids == [5, 6, 90, 91, 92]
    assert stream.mask == [1, 1, 0, 0, 0] and stream.log_probs == [-1.0, -2.0, 0.0, 0.0, 0.0]
