"""The loop `still_code` against a model that says what the test wants, with the real sandbox."""

import asyncio
from typing import Any

import pytest
import verl  # noqa: F401  (loads the plugin)
from hydra import compose, initialize_config_module
from scripted_model import BLOCK, parts, respond

from still_verl.interpreter import build


def test_a_block_is_run_and_its_output_read_and_masked(tokenizer: Any) -> None:
    pieces = ["Let me see.\n" + BLOCK.format("print(6*7)"), "It is 42."]
    output, server = respond(tokenizer, pieces)
    written, read = parts(tokenizer, output)
    assert written == "".join(pieces)
    assert read == "```output\n42\n```\n"
    probs = [p for p, m in zip(output.response_logprobs, output.response_mask, strict=True) if not m]
    assert set(probs) == {0.0} and len(output.response_logprobs) == len(output.response_ids)
    assert output.extra_fields["tool_calls"] == output.extra_fields["tool_ok"] == 1
    assert output.extra_fields["tool_masked_tokens"] == output.response_mask.count(0)
    assert output.extra_fields["finish_reason"] == "stop"
    assert (output.extra_fields["min_global_steps"], output.extra_fields["max_global_steps"]) == (1, 2)


def test_the_tokens_of_the_response_are_those_that_were_generated(tokenizer: Any) -> None:
    """Each turn goes on from exactly the tokens before it; nothing is encoded again."""
    output, server = respond(tokenizer, [BLOCK.format("print(1)"), BLOCK.format("print(2)"), "done"])
    assert len({request for request, _, _ in server.asked}) == 1
    whole = server.asked[0][1] + output.response_ids
    for _, prompt, _ in server.asked:
        assert whole[: len(prompt)] == prompt


def test_variables_survive_unless_blocks_are_stateless(tokenizer: Any) -> None:
    pieces = [BLOCK.format("x = 20"), BLOCK.format("x + 1"), "."]
    stateful, _ = respond(tokenizer, pieces)
    assert "21" in parts(tokenizer, stateful)[1]
    stateless, _ = respond(tokenizer, pieces, "still.interpreter.stateful=false")
    assert "NameError" in parts(tokenizer, stateless)[1]
    assert stateless.extra_fields["tool_error"] == 1


def test_nothing_printed_is_said(tokenizer: Any) -> None:
    output, _ = respond(tokenizer, [BLOCK.format("x = 1"), "."])
    assert parts(tokenizer, output)[1] == "```output\n(no output)\n```\n"


def test_the_cap_on_calls_is_told_and_ends_the_interpreter(tokenizer: Any) -> None:
    pieces = [BLOCK.format("print(1)"), BLOCK.format("print(2)"), BLOCK.format("print(3)"), "end"]
    output, server = respond(tokenizer, pieces, "still.interpreter.max_calls=1")
    _, read = parts(tokenizer, output)
    assert read == "```output\n1\n```\n```output\nNo more code is run in this response: 1 calls were made.\n```\n"
    assert (output.extra_fields["tool_calls"], output.extra_fields["tool_cap_reached"]) == (1, 1)
    assert "stop" in server.asked[1][2] and "stop" not in server.asked[2][2]


def test_the_caps_on_seconds(tokenizer: Any) -> None:
    endless = BLOCK.format("while True: pass")
    short = ["still.interpreter.seconds_per_call=0.5", "still.interpreter.seconds_per_response=0.4"]
    output, _ = respond(tokenizer, [endless, endless, "end"], *short)
    _, read = parts(tokenizer, output)
    assert "stopped after 0.5 seconds" in read and "No more code is run in this response: 0.4 seconds" in read
    assert (output.extra_fields["tool_timeout"], output.extra_fields["tool_calls"]) == (1, 1)


def test_long_output_keeps_head_and_tail(tokenizer: Any) -> None:
    code = BLOCK.format("print('a' * 50 + 'b' * 5000 + 'c' * 50)")
    output, _ = respond(tokenizer, [code, "."], "still.interpreter.output_chars=100")
    _, read = parts(tokenizer, output)
    assert "a" * 50 in read and "c" * 49 in read and "characters left out" in read


def test_the_budget_of_tokens_holds_for_what_is_read_too(tokenizer: Any) -> None:
    output, _ = respond(tokenizer, [BLOCK.format("print('1 ' * 400)"), "more"], limit=60)
    assert len(output.response_ids) == 60
    assert output.extra_fields["tool_cut_outputs"] == 1 and output.extra_fields["finish_reason"] == "length"


def test_a_block_that_the_budget_cuts_is_not_run(tokenizer: Any) -> None:
    output, _ = respond(tokenizer, [BLOCK.format("print(1)\n" * 40)], limit=30)
    assert (output.extra_fields["tool_calls"], output.extra_fields["tool_unfinished"]) == (0, 1)


def test_the_budget_and_temperature_of_the_step(tokenizer: Any) -> None:
    output, server = respond(tokenizer, ["word " * 60], still_budget=20, still_temperature=0.3)
    assert len(output.response_ids) == output.extra_fields["response_budget"] == 20
    assert server.asked[0][2]["temperature"] == 0.3


def test_tags_of_the_other_format(tokenizer: Any) -> None:
    pieces = ["<code>\n```python\nprint(5)\n```\n</code>", "so 5"]
    output, _ = respond(tokenizer, pieces, "still.interpreter.format=tagged")
    assert parts(tokenizer, output)[1].strip() == "<interpreter>\n5\n</interpreter>"


def test_output_with_fences_gets_a_longer_one(tokenizer: Any) -> None:
    output, _ = respond(tokenizer, [BLOCK.format("print('`' * 3)"), "."])
    assert parts(tokenizer, output)[1] == "````output\n```\n````\n"


def test_a_remote_service_that_does_not_answer_is_told_and_counted(tokenizer: Any) -> None:
    remote = [
        "still.interpreter.sandbox=fusion",
        "still.interpreter.url=http://127.0.0.1:9",
        "still.interpreter.stateful=false",
    ]
    output, _ = respond(tokenizer, [BLOCK.format("print(1)"), "."], *remote)
    assert "The interpreter gave no answer" in parts(tokenizer, output)[1]
    extra = output.extra_fields
    assert (extra["tool_unavailable"], extra["tool_calls"], extra["tool_tier"]) == (1, 1, "remote")


def test_the_tier_in_force_is_told(tokenizer: Any) -> None:
    output, _ = respond(tokenizer, [BLOCK.format("1"), "."])
    assert output.extra_fields["tool_tier"] in ("none", "reduced", "full")
    unused, _ = respond(tokenizer, ["."])
    assert unused.extra_fields["tool_tier"] == ""


@pytest.mark.parametrize("code", ["print(chr(0xd800))", "raise ValueError(chr(0xd800))"])
def test_output_that_is_no_text_is_read_all_the_same(tokenizer: Any, code: str) -> None:
    output, _ = respond(tokenizer, [BLOCK.format(code), "."])
    assert "ud800" in parts(tokenizer, output)[1]


def test_many_responses_at_once_do_not_wait_for_a_slow_one(tokenizer: Any) -> None:
    """The event loop stays free while code runs."""
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", ["+recipe=base", "still.interpreter.seconds_per_call=2"])
    from still_verl.config import still_config

    shared = build.shared_sandbox(still_config(config).interpreter)

    async def one(code: str) -> float:
        result, _ = await shared.run(code)
        return result.seconds

    async def everything() -> float:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticker = asyncio.create_task(tick())
        await asyncio.gather(one("while True: pass"), *(one(f"print({i})") for i in range(20)))
        ticker.cancel()
        return ticks

    assert asyncio.run(everything()) > 50
