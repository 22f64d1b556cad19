"""An evaluation writes a response as training does: the same tokens, the same outputs, the same counts."""

from typing import Any

import pytest
from coding_engine import BLOCK, END, Coding
from scripted_model import respond

from still_verl.evaluation.engines.base import EngineOptions, Reply, Request
from still_verl.evaluation.engines.interpreted import Interpreted
from still_verl.evaluation.prompts import Prompt
from still_verl.evaluation.protocols import Sampling
from still_verl.interpreter.settings import InterpreterConfig

LIST = "1. First:\n   ```python\n   print(2)\n   ```\n"
HIDDEN = f"bytes.fromhex('{END.encode().hex()}').decode()"
# What the model writes, and settings that differ from the defaults.
RESPONSES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "no program": ([r"It is \boxed{1}"], {}),
    "two programs": ([BLOCK.format("x = 1\nx"), "so\n" + BLOCK.format("print(x + 1)"), r"\boxed{2}"], {}),
    "an error": ([BLOCK.format("1 / 0"), "hm"], {}),
    "other fences": (["```text\nx\n```\n", "~~~python\nprint(1)\n~~~\n", "done"], {}),
    "in a list": ([LIST, "done"], {}),
    "control tokens": ([BLOCK.format(f"print({HIDDEN} * 2)"), "done"], {}),
    "an open block": (["```python\nprint(3)\n"], {}),
    "a string with a fence": ([BLOCK.format('print("""\n```\n""")'), "done"], {}),
    "each afresh": ([BLOCK.format("x = 1"), BLOCK.format("x"), r"\boxed{2}"], {"stateful": False}),
    "a limit": (3 * [BLOCK.format("print(1)")] + [BLOCK.format("print(1)") + "done"], {"max_calls": 2}),
    "long outputs": ([BLOCK.format("print('word ' * 900)"), "done"], {"output_chars": 100}),
    "no room": ([BLOCK.format("print('word ' * 900)"), "done"], {"output_chars": 9000}),
    "tags": (["<code>print(3)</code>", "done"], {"format": "tagged"}),
}
# Times and the tier are of the machine; the last turn is looked at by the loop alone.
NOT_COMPARED = {"seconds", "wait_seconds", "tier", "void_turns"}


def evaluated(tokenizer: Any, speech: str, tokens: tuple[int, ...], changes: dict[str, Any]) -> Reply:
    """The reply of an engine with the interpreter whose model says `speech`."""
    replies: list[Reply] = []
    request = Request(("b", "0", 0), Prompt(text="", tokens=tokens), Sampling(max_tokens=400), seed=1)
    engine = Interpreted(Coding(EngineOptions()), InterpreterConfig(**changes), tokenizer, at_once=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Coding, "speech", staticmethod(lambda key: speech))
        engine.generate([request], lambda asked, reply: replies.append(reply))
    engine.close()
    assert len(replies) == 1
    return replies[0]


@pytest.mark.parametrize("name", RESPONSES)
def test_the_same_response(tokenizer: Any, name: str) -> None:
    pieces, changes = RESPONSES[name]
    overrides = [f"still.interpreter.{key}={str(value).lower()}" for key, value in changes.items()]
    trained, _ = respond(tokenizer, pieces, *overrides)
    reply = evaluated(tokenizer, "".join(pieces), tuple(trained.prompt_ids), changes)
    extra = trained.extra_fields
    assert reply.text == extra["model_text"] and reply.finish_reason == extra["finish_reason"]
    assert reply.tokens == extra["response_tokens"] == sum(trained.response_mask)
    assert reply.transcript == tokenizer.decode(trained.response_ids, skip_special_tokens=True)
    assert reply.tools is not None
    for key in set(extra) - {f"tool_{name}" for name in NOT_COMPARED}:
        if key.startswith("tool_") and type(extra[key]) is int:
            assert reply.tools.get(key.removeprefix("tool_"), 0) == extra[key], key


def test_a_block_that_ends_with_the_turn_is_run_and_the_response_goes_on(tokenizer: Any) -> None:
    speech = f"```python\nprint(5)\n```{END}It is 5."
    reply = evaluated(tokenizer, speech, tuple(tokenizer.encode("compute")), {})
    assert reply.transcript == "```python\nprint(5)\n```\n```output\n5\n```\nIt is 5."
    assert reply.text == "```python\nprint(5)\n```It is 5." and reply.finish_reason == "stop"
    assert reply.tools is not None and reply.tools["closed_by_end"] == 1


def test_a_prompt_may_begin_the_block(tokenizer: Any) -> None:
    reply = evaluated(tokenizer, "print(5)\n```\nIt is 5.", tuple(tokenizer.encode("Sum:\n```python\n")), {})
    assert reply.transcript == "print(5)\n```\n```output\n5\n```\nIt is 5."
