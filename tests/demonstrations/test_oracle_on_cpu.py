"""200 generated conversations under five chat templates: which characters are trained, and which tokens control."""

from collections import Counter
from functools import lru_cache
from typing import Any

import pytest
from chat_layouts import LAYOUTS, TOKENS, expected, tokenizer_of
from conversations import Known, conversations

from still_verl.demonstrations.masks import stretches, token_row
from still_verl.demonstrations.template import named_template
from still_verl.demonstrations.tokenizer import template_of
from still_verl.demonstrations.tokens import Bytes, TokenizerTokens

KNOWN = conversations(200)
pytestmark = pytest.mark.process


@lru_cache(maxsize=8)
def tokens_of(layout: str) -> tuple[Any, TokenizerTokens, Any]:
    tokenizer = tokenizer_of(layout)
    return tokenizer, TokenizerTokens(tokenizer), template_of(tokenizer, layout)


def test_the_conversations_have_what_they_are_for() -> None:
    calls = Counter(known.calls for known in KNOWN)
    text = "".join(message["content"] for known in KNOWN for message in known.messages)
    assert set(calls) >= set(range(7)) and "<|im_end|>" in text and "</think>" in text and "````output" in text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_exactly_what_the_model_wrote_is_trained(layout: str) -> None:
    _, tokens, template = tokens_of(layout)
    for known in KNOWN:
        row = token_row({"messages": known.messages}, tokens, template)
        found = [(stretch.text, stretch.trained) for stretch in stretches(row, tokens)]
        assert found == expected(layout, known)
        assert tokens.decode(row.input_ids) == "".join(text for text, _ in expected(layout, known))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_in_bytes(layout: str) -> None:
    template, tokens = named_template(layout), Bytes(TOKENS[layout][1])
    for known in KNOWN:
        row = token_row({"messages": known.messages}, tokens, template)
        assert [(stretch.text, stretch.trained) for stretch in stretches(row, tokens)] == expected(layout, known)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_names_of_control_tokens_in_texts_are_text(layout: str) -> None:
    tokenizer, tokens, template = tokens_of(layout)
    end = tokenizer.eos_token_id
    for known in KNOWN:
        row = token_row({"messages": known.messages}, tokens, template)
        trained = [token for token, mask in zip(row.input_ids, row.loss_mask, strict=True) if mask]
        turns = sum(message["role"] == "assistant" for message in known.messages)
        assert trained.count(end) == turns
        assert row.input_ids.count(end) == turns + others(layout, known)


def others(layout: str, known: Known) -> int:
    """Ends of turns that are not the model's, by the layout."""
    masked = "".join(text for text, trained in expected(layout, plain(known)) if not trained)
    return masked.count(TOKENS[layout][1])


def plain(known: Known) -> Known:
    """The same conversation with nothing in the texts of others."""
    bare = Known()
    for message, pieces in zip(known.messages, known.pieces, strict=True):
        bare.add(message["role"], *[(text if own else "", own) for text, own in pieces])
    return bare


@pytest.mark.parametrize("layout", LAYOUTS)
def test_outputs_are_trained_where_that_is_asked_for(layout: str) -> None:
    _, tokens, template = tokens_of(layout)
    for known in KNOWN[:40]:
        row = token_row({"messages": known.messages}, tokens, template, train_on_outputs=True)
        masked = "".join(stretch.text for stretch in stretches(row, tokens) if not stretch.trained)
        for message, pieces in zip(known.messages, known.pieces, strict=True):
            outputs = [text for text, own in pieces if message["role"] == "assistant" and not own]
            assert not any(output in masked for output in outputs if "import" in output or len(output) > 60)
        on = sum(row.loss_mask)
        off = sum(token_row({"messages": known.messages}, tokens, template).loss_mask)
        in_turn = any(len(pieces) > 1 for pieces in known.pieces)
        assert on > off if in_turn else on == off
