"""The loop `still_code` against a model that says what the test wants, with the real sandbox."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
import verl  # noqa: F401  (loads the plugin)
from hydra import compose, initialize_config_module
from transformers import AutoTokenizer
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput, DictConfigWrap
from verl.utils.dataset.rl_dataset import RLHFDataset
from verl.workers.rollout.replica import TokenOutput

from still_verl.demo.prepare import prepare
from still_verl.integration.agent_loops.code import CodeLoop
from still_verl.interpreter import build

TURN_ENDS = "</tool_call>"  # where this model ends its turn by itself


class ScriptedServer:
    """Says one piece of text a turn, stopping at stop strings and at the budget as vLLM does."""

    def __init__(self, tokenizer: Any, pieces: list[str]) -> None:
        self.tokenizer, self.pieces, self.asked = tokenizer, list(pieces), []

    async def generate(self, request_id: str, *, prompt_ids: list[int], sampling_params: dict, **_: Any) -> TokenOutput:
        self.asked.append((request_id, list(prompt_ids), sampling_params))
        text = self.pieces.pop(0) if self.pieces else ""
        ends = [text.find(stop) + len(stop) for stop in sampling_params.get("stop", []) if stop in text]
        if ends:
            text, rest = text[: min(ends)], text[min(ends) :]
            self.pieces[:0] = [rest] if rest else []
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        if not ends and (not self.pieces or text.endswith(TURN_ENDS)):
            ids.append(self.tokenizer.eos_token_id)
        ids = ids[: sampling_params["max_tokens"]]
        extra = {"global_steps": 7, "min_global_steps": len(self.asked), "max_global_steps": len(self.asked)}
        return TokenOutput(token_ids=ids, log_probs=[-0.5] * len(ids), stop_reason="completed", extra_fields=extra)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(prepare("smollm2").model)


# As Qwen2.5's template: tools in the system's turn, their answers in turns of the user.
TOOL_TEMPLATE = """\
{%- if tools %}{{ '<|im_start|>system\\n# Tools\\n<tools>' }}{% for tool in tools %}{{ tool | tojson }}{% endfor %}
{{- '</tools><|im_end|>\\n' }}{% endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- elif message.role == 'assistant' and message.tool_calls %}
{{- '<|im_start|>assistant\\n' + message.content + '<tool_call>x</tool_call><|im_end|>\\n' }}
{%- else %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}"""


@pytest.fixture(scope="module")
def tool_tokenizer() -> Any:
    tokenizer = AutoTokenizer.from_pretrained(prepare("smollm2").model)
    tokenizer.chat_template = TOOL_TEMPLATE
    return tokenizer


@pytest.fixture(autouse=True)
def fresh_runner() -> Iterator[None]:
    yield
    if build._shared is not None:
        build._shared.close()
        build._shared = None


def respond(
    tokenizer: Any, pieces: list[str], *overrides: str, limit: int = 400, model_type: str | None = None, **told: Any
) -> Any:
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", ["+recipe=base", f"data.max_response_length={limit}", *overrides])
    server = ScriptedServer(tokenizer, pieces)
    prompt = [{"role": "user", "content": "compute"}]

    async def run() -> AgentLoopOutput:
        loop = CodeLoop(
            trainer_config=DictConfigWrap(config),
            server_manager=server,
            tokenizer=tokenizer,
            processor=None,
            dataset_cls=RLHFDataset,
            data_config=DictConfigWrap(config.data),
            hf_model_type=model_type,
        )
        return await loop.run({"temperature": 1.0, "logprobs": True}, raw_prompt=prompt, **told)

    output = asyncio.run(run())
    return output, server


def parts(tokenizer: Any, output: AgentLoopOutput) -> tuple[str, str]:
    """(what the model wrote, what it read), by the mask."""
    written = [i for i, m in zip(output.response_ids, output.response_mask, strict=True) if m]
    read = [i for i, m in zip(output.response_ids, output.response_mask, strict=True) if not m]
    return tokenizer.decode(written, skip_special_tokens=True), tokenizer.decode(read)


BLOCK = "```python\n{}\n```\n"


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


def call(code: Any, name: str = "code_interpreter") -> str:
    return "<tool_call>\n" + json.dumps({"name": name, "arguments": {"code": code}}) + "\n</tool_call>"


def answer(text: str) -> str:
    """As the template writes it between two turns of the model."""
    told = f"<|im_start|>user\n<tool_response>\n{text}\n</tool_response><|im_end|>\n"
    return told + "<|im_start|>assistant\n"


def tool_respond(tokenizer: Any, pieces: list[str], *overrides: str, **told: Any) -> Any:
    return respond(tokenizer, pieces, "still.interpreter.format=tool_call", *overrides, model_type="qwen2", **told)


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
