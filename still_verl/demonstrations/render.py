"""A conversation as the text that a model reads, in pieces that say who wrote them.

The template is filled in once, with a mark in the place of each content, and the contents are put where the marks came
out. So no template can delete the thinking of a turn, and each piece is known by construction.

A content is what the model wrote behind what the template puts before a new answer, as in RL. Where that begins the
thinking for the model, it is there and is not trained; but a content that begins with `<think>` was written without.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from still_verl.demonstrations.messages import CLOSE, OPEN, text_of, written_by_model
from still_verl.demonstrations.rows import Conversation, RowError
from still_verl.demonstrations.template import Template
from still_verl.interpreter.outputs import output_spans

ASSISTANT = "assistant"
_MARK = re.compile("\ufdd1([0-9]+)\ufdd2")  # noncharacters: Unicode keeps them for use inside programs
_OPENS_THINKING = re.compile(rf"{OPEN}\s*\Z")
_EMPTY_THINKING = re.compile(rf"\s*{OPEN}\s*{CLOSE}\s*|\s+")


class Writer(Enum):
    """Who wrote a piece, and so how it is encoded and whether it is trained."""

    TEMPLATE = "template"
    OTHER = "other"
    OUTPUT = "output"
    MODEL = "model"
    END = "end"


@dataclass(frozen=True)
class Piece:
    """A text by one writer."""

    text: str
    writer: Writer


def render(conversation: Conversation, template: Template, controls: re.Pattern[str]) -> list[Piece]:
    """Return the pieces of a conversation; their texts together are what the model reads.

    Args:
        conversation: messages of any roles.
        template: of the chat.
        controls: matches the name of a control token, see `end_of_turn`.

    Raises:
        RowError: a message is no text, or the template leaves one out, changes it or writes it twice.
    """
    texts = [_text(place, message, template) for place, message in enumerate(conversation.messages)]
    marked = [_marked(place, message, texts[place]) for place, message in enumerate(conversation.messages)]
    parts = _MARK.split(template.render(marked, conversation.tools, begin_answer=False))
    gaps, order = parts[0::2], [int(place) for place in parts[1::2]]
    _check_order(order, conversation)
    begins_answer = _before_an_answer(template)
    end = end_of_turn(template, controls)
    pieces: list[Piece] = []
    gap = gaps[0]
    for place, behind in zip(order, gaps[1:], strict=True):
        if conversation.messages[place]["role"] != ASSISTANT:
            pieces += [Piece(gap, Writer.TEMPLATE), Piece(texts[place].strip(), Writer.OTHER)]
            gap = behind
            continue
        header = _header(gap, begins_answer, texts[place])
        if not behind.startswith(end):
            raise RowError(f"the template ends messages[{place}] without {end!r}: use another template")
        pieces += [Piece(header, Writer.TEMPLATE), *_turn(texts[place]), Piece(end, Writer.END)]
        gap = behind[len(end) :]
    pieces.append(Piece(gap, Writer.TEMPLATE))
    return [piece for piece in pieces if piece.text]


@lru_cache(maxsize=8)
def end_of_turn(template: Template, controls: re.Pattern[str]) -> str:
    """Return what a template puts behind a turn of the model so that it ends: up to the first control token.

    Args:
        template: of the chat.
        controls: matches the name of a control token.

    Raises:
        RowError: there is no control token, so that a model would never learn to end.
    """
    asked = [{"role": "user", "content": "\ufdd10\ufdd2"}, {"role": ASSISTANT, "content": "\ufdd11\ufdd2"}]
    behind = template.render(asked, None, begin_answer=False).rpartition("\ufdd11\ufdd2")[2]
    found = controls.search(behind)
    if found is None or behind[: found.start()].strip():
        raise RowError(
            f"the template ends a turn of the model with {behind!r} and no control token, so that the model would "
            "never learn to end: add eos_token to the template"
        )
    return behind[: found.end()]


def _text(place: int, message: dict[str, Any], template: Template) -> str:
    try:
        text = text_of(message)
        if message["role"] == ASSISTANT:
            text = written_by_model(message, template.source)
        text.encode()
    except RowError as error:
        raise RowError(f"messages[{place}]: {error}") from None
    except UnicodeEncodeError:
        raise RowError(f"messages[{place}]: content has half a character (a lone surrogate): repair the text") from None
    return text


def _marked(place: int, message: dict[str, Any], text: str) -> dict[str, Any]:
    """Return a message whose content is a mark; blanks around a text of others stay, as a template may cut them."""
    mark = f"\ufdd1{place}\ufdd2"
    if message["role"] == ASSISTANT:
        return {"role": ASSISTANT, "content": mark}
    core = text.strip()
    if core:
        begin = text.index(core)
        mark = text[:begin] + mark + text[begin + len(core) :]
    else:
        mark = text + mark
    rest = {key: value for key, value in message.items() if key not in ("content", "role") and value is not None}
    return {"role": message["role"], "content": mark} | rest


def _check_order(order: list[int], conversation: Conversation) -> None:
    """Refuse a template that leaves out a message, or writes one twice."""
    for place, message in enumerate(conversation.messages):
        times = order.count(place)
        if times == 1:
            continue
        fault = f"writes messages[{place}] {times} times" if times else f"leaves out messages[{place}]"
        raise RowError(f"the template {fault} (role {message['role']}): use another role or another template")


@lru_cache(maxsize=8)
def _before_an_answer(template: Template) -> str:
    """Return what a template puts before a new answer."""
    asked = [{"role": "user", "content": "\ufdd10\ufdd2"}]
    without = template.render(asked, None, begin_answer=False)
    asking = template.render(asked, None, begin_answer=True)
    return asking[len(without) :] if asking.startswith(without) else ""


def _header(header: str, begins_answer: str, text: str) -> str:
    """Return what a model has before it when it writes a turn."""
    thinking = _OPENS_THINKING.search(begins_answer)
    core = begins_answer[: thinking.start()] if thinking else begins_answer
    if not core.strip() or core not in header:
        return header
    front, _, added = header.rpartition(core)
    # A template may put an empty thinking before a turn without one, which no model has before it.
    if added and added not in begins_answer and not _EMPTY_THINKING.fullmatch(added):
        return header
    if thinking and text.lstrip().startswith(OPEN):
        return front + core
    return front + begins_answer


def _turn(text: str) -> list[Piece]:
    pieces = []
    at = 0
    for begin, end in output_spans(text):
        pieces += [Piece(text[at:begin], Writer.MODEL), Piece(text[begin:end], Writer.OUTPUT)]
        at = end
    return [*pieces, Piece(text[at:], Writer.MODEL)]
