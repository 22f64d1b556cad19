"""A row of supervised training is what RL has of the same conversation: same tokens, same mask."""

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from chat_layouts import LAYOUTS, tokenizer_of
from conversations import NAMES, Known, conversation
from scripted_model import TokenServer, respond

from still_verl.demonstrations.masks import token_row
from still_verl.demonstrations.template import named_template
from still_verl.demonstrations.tokenizer import template_of
from still_verl.demonstrations.tokens import TokenizerTokens, split_names
from still_verl.interpreter import build

pytestmark = pytest.mark.process


@pytest.fixture(scope="module", autouse=True)
def no_runner_left() -> Iterator[None]:
    yield
    if build._shared is not None:
        build._shared.close()
        build._shared = None


def one_turn(count: int, opens_thinking: bool) -> list[Known]:
    """Conversations of one question and one answer: what RL draws a response to."""
    rng = random.Random(7)
    made: list[Known] = []
    while len(made) < count:
        known = conversation(rng, in_turn=True, opens_thinking=opens_thinking)
        if sum(message["role"] == "user" for message in known.messages) == 1:
            made.append(known)
    return made


def said(tokenizer: Any, text: str) -> list[int]:
    """The tokens of a model that writes the name of a control token as text: the token would end its turn."""
    ids: list[int] = []
    for part in split_names(text, re.compile("|".join(map(re.escape, tokenizer.all_special_tokens)))):
        ids += tokenizer.encode(part, add_special_tokens=False)
    return ids


def rollout(tokenizer: Any, known: Known) -> Any:
    """What the agent loop makes of it: a model that says its own pieces, real programs that say theirs."""
    own = [text for text, own in known.pieces[-1] if own]
    turns = [said(tokenizer, text) for text in own]
    turns[-1].append(tokenizer.eos_token_id)
    output, _ = respond(tokenizer, [], server=TokenServer(turns), prompt=known.messages[:-1], limit=4000)
    return output


@pytest.mark.parametrize("layout", LAYOUTS)
def test_40_conversations(layout: str) -> None:
    compare(layout, 40)


@pytest.mark.slow  # five times as many
@pytest.mark.parametrize("layout", LAYOUTS)
def test_200_conversations(layout: str) -> None:
    compare(layout, 200)


def compare(layout: str, count: int) -> None:
    tokenizer = tokenizer_of(layout)
    tokenizer.chat_template = named_template(layout).source
    tokens, template = TokenizerTokens(tokenizer), template_of(tokenizer)
    compared = whole = 0
    # R1's template begins the thinking, so that no response has its first word.
    for known in one_turn(count, opens_thinking=layout != "r1_distill"):
        row = token_row({"messages": known.messages}, tokens, template)
        output = rollout(tokenizer, known)
        begin = row.loss_mask.index(1)
        end = begin + len(output.response_ids)
        assert row.input_ids[begin:end] == output.response_ids
        assert row.loss_mask[begin:end] == output.response_mask and not any(row.loss_mask[end:])
        compared += 1
        if not any(name in message["content"] for message in known.messages[:-1] for name in NAMES):
            assert row.input_ids[:begin] == output.prompt_ids
            whole += 1
    assert compared == count and whole > count // 2
