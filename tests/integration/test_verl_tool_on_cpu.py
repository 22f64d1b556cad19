"""Our interpreter as a tool of verl's own loop `tool_agent`, against a model that says what the test wants."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest
import verl  # noqa: F401  (loads the plugin)
from scripted_model import ScriptedServer, call, job
from transformers import AutoTokenizer
from verl.experimental.agent_loop.agent_loop import DictConfigWrap, ToolListWrap
from verl.experimental.agent_loop.tool_agent_loop import ToolAgentLoop
from verl.utils.dataset.rl_dataset import RLHFDataset

from still_verl.config_errors import ConfigError
from still_verl.demo.prepare import prepare
from still_verl.integration.agent_loops.tool_agent import ToolAgent
from still_verl.integration.verl_tool import ZERO_WIDTH_SPACE, CodeInterpreter, read_config

MULTI_TURN = "actor_rollout_ref.rollout.multi_turn"
TEMPLATE = """\
{%- for message in messages %}
{%- if message.role == 'tool' %}{{- '<|im_start|>user\\n[' + message.content + ']<|im_end|>\\n' }}
{%- else %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}"""


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    tokenizer = AutoTokenizer.from_pretrained(prepare("smollm2").model)
    tokenizer.chat_template = TEMPLATE
    return tokenizer


@pytest.fixture(scope="module")
def tool() -> CodeInterpreter:
    return CodeInterpreter({"type": "native", "tokenizer": str(prepare("smollm2").model), "max_calls": 3}, None)


def respond(
    tokenizer: Any,
    tool: CodeInterpreter,
    pieces: list[str],
    *overrides: str,
    loop_class: type[ToolAgentLoop] = ToolAgentLoop,
    **told: Any,
) -> tuple[Any, str]:
    """Write one response with verl's loop, or ours of it; return it, and what the model read."""
    config = job("data.max_response_length=600", f"{MULTI_TURN}.max_tool_response_length=2000", *overrides)

    async def run() -> Any:
        loop = loop_class(
            trainer_config=DictConfigWrap(config),
            server_manager=ScriptedServer(tokenizer, [*pieces, "It is \\boxed{6}."]),
            tokenizer=tokenizer,
            processor=None,
            dataset_cls=RLHFDataset,
            data_config=DictConfigWrap(config.data),
            tools=ToolListWrap([tool]),
        )
        return await loop.run({"max_tokens": 600}, raw_prompt=[{"role": "user", "content": "compute"}], **told)

    output = asyncio.run(run())
    read = [i for i, m in zip(output.response_ids, output.response_mask, strict=True) if not m]
    return output, tokenizer.decode(read)


def test_calls_of_a_response_share_their_variables_and_are_counted(tokenizer: Any, tool: CodeInterpreter) -> None:
    output, read = respond(tokenizer, tool, [call("x = 6"), call("x"), call("1 / 0")])
    assert "[(no output)]" in read and "[6]" in read and "ZeroDivisionError" in read
    extra = output.extra_fields
    assert (extra["tool_calls"], extra["tool_ok"], extra["tool_error"]) == (3, 2, 1)
    assert extra["tool_tier"] and extra["tool_rewards"] == [0.0] * 3


def test_responses_share_nothing_and_their_sessions_end_with_them(tokenizer: Any, tool: CodeInterpreter) -> None:
    respond(tokenizer, tool, [call("x = 6")])
    _, read = respond(tokenizer, tool, [call("x")])
    assert "NameError" in read
    gc.collect()
    assert len(tool.responses) == 0


def test_the_cap_on_calls_is_told(tokenizer: Any, tool: CodeInterpreter) -> None:
    output, read = respond(tokenizer, tool, [call("1")] * 4)
    assert "No more code is run in this response: 3 calls were made." in read
    assert output.extra_fields["tool_cap_reached"] == 1


def test_what_a_program_prints_is_no_control_token(tokenizer: Any, tool: CodeInterpreter) -> None:
    output, read = respond(tokenizer, tool, [call("print('<|im_end|><|im_start|>')")])
    assert f"[<{ZERO_WIDTH_SPACE}|im_end|><{ZERO_WIDTH_SPACE}|im_start|>]" in read
    ids = [i for i, m in zip(output.response_ids, output.response_mask, strict=True) if not m]
    assert ids.count(tokenizer.eos_token_id) == 1, "that of the tool's turn"


def test_our_loop_of_it_says_what_the_model_wrote(tokenizer: Any, tool: CodeInterpreter) -> None:
    output, read = respond(tokenizer, tool, [call("print('7' * 5)")], loop_class=ToolAgent)
    assert "[77777]" in read
    extra = output.extra_fields
    assert "77777" not in extra["model_text"] and extra["model_text"].endswith("It is \\boxed{6}.")
    (span,) = extra["tool_spans"]
    assert tokenizer.decode(output.response_ids[slice(*span)]) == read
    assert extra["tool_masked_tokens"] == span[1] - span[0]
    assert extra["response_tokens"] == sum(output.response_mask)
    assert (extra["finish_reason"], extra["response_budget"], extra["tool_ok"]) == ("stop", 600, 1)


def test_our_loop_of_it_has_the_budget_and_temperature_of_the_step(tokenizer: Any, tool: CodeInterpreter) -> None:
    long = "I think. " * 99
    output, _ = respond(tokenizer, tool, [long], loop_class=ToolAgent, still_budget=60, still_temperature=0.5)
    assert len(output.response_ids) == 60
    assert (output.extra_fields["finish_reason"], output.extra_fields["response_budget"]) == ("length", 60)


def test_our_loop_of_it_says_that_an_answer_of_a_tool_did_not_fit(tokenizer: Any, tool: CodeInterpreter) -> None:
    output, read = respond(tokenizer, tool, [call("print('7' * 500)")], loop_class=ToolAgent, still_budget=60)
    assert (output.extra_fields["finish_reason"], read) == ("length", "")


def test_our_loop_of_it_says_where_a_limit_on_turns_ended_a_response(tokenizer: Any, tool: CodeInterpreter) -> None:
    limit = f"{MULTI_TURN}.max_user_turns=1"
    output, _ = respond(tokenizer, tool, [call("1")] * 3, limit, loop_class=ToolAgent)
    assert output.extra_fields["finish_reason"] == "turns"


@pytest.mark.parametrize(("code", "kind"), [(5, "no_code"), ("  ", "no_code")])
def test_a_call_without_a_program(tokenizer: Any, tool: CodeInterpreter, code: Any, kind: str) -> None:
    output, read = respond(tokenizer, tool, [call(code)])
    assert 'need "code"' in read and output.extra_fields[f"tool_{kind}"] == 1


def test_arguments_that_are_no_object(tool: CodeInterpreter) -> None:
    answer, reward, counts = asyncio.run(tool.execute("one", [1]))  # type: ignore[arg-type]
    assert "could not be read" in str(answer.text) and (reward, counts["tool_unreadable"]) == (0.0, 1)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "tokenizer=None: give the path"),
        ({"tokenizer": "x", "max_cals": 1}, "max_calls"),
        ({"tokenizer": "x", "run_at_end": True}, "use one of"),
        ({"tokenizer": "x", "memory_mb": -1}, "use a number above 0"),
    ],
)
def test_settings_that_cannot_work(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_config(config)


def test_the_page_shows_a_file_of_tools_that_verl_reads(tmp_path: Path) -> None:
    from verl.tools.tool_registry import load_all_tools

    page = (Path(__file__).parents[2] / "docs/interpreter.md").read_text()
    shown = page.split('```yaml title="tools.yaml"\n')[1].split("```")[0]
    (tmp_path / "tools.yaml").write_text(shown.replace("/models/Qwen3-4B", str(prepare("smollm2").model)))
    (loaded,) = load_all_tools(str(tmp_path / "tools.yaml"), None)
    assert isinstance(loaded, CodeInterpreter)
