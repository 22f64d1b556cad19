"""Which part of a prompt's text is whose: a message's, the template's, or the begin of the answer.

Messages are found by marks: the template is filled in a second time with a mark in the place of each content. Where it
does something else with marks than with contents, contents are looked for in the text, one behind the other.
"""

import re
from dataclasses import dataclass

from still_verl.demonstrations.messages import CLOSE, OPEN, text_of
from still_verl.demonstrations.rows import RowError
from still_verl.preview.render import Renderer
from still_verl.preview.rows import Message

TEMPLATE, PREFILLED = "template", "prefilled"
_MARK = re.compile("\ufdd1([0-9]+)\ufdd2")  # noncharacters: Unicode keeps them for use inside programs
_PREFILLED = re.compile(rf"{OPEN}\s*(?:{CLOSE}\s*)?\Z")


@dataclass(frozen=True)
class Piece:
    """A part of the text of a prompt.

    Attributes:
        text: of it.
        role: of the message that it is from, `template`, or `prefilled`: the begin of the answer.
        place: of the message in the prompt; None if it is from none.
    """

    text: str
    role: str
    place: int | None = None


def pieces_of(messages: list[Message], text: str, renderer: Renderer) -> list[Piece]:
    """Return the pieces of a prompt; their texts together are `text`."""
    pieces = _by_marks(messages, renderer)
    if "".join(piece.text for piece in pieces) != text:
        pieces = _by_search(messages, text)
    prefilled = _PREFILLED.search(text)
    if prefilled is not None:
        pieces = [*_first(pieces, prefilled.start()), Piece(prefilled.group(), PREFILLED)]
    return [piece for piece in pieces if piece.text]


def _by_marks(messages: list[Message], renderer: Renderer) -> list[Piece]:
    if not all(isinstance(message["content"], str) for message in messages):
        return []
    cores = [core_of(message) for message in messages]
    marked = [_marked(place, message, cores[place]) for place, message in enumerate(messages)]
    try:
        parts = _MARK.split(renderer.text(marked))
    except RowError:
        return []
    pieces = [Piece(parts[0], TEMPLATE)]
    for number, gap in zip(parts[1::2], parts[2::2], strict=True):
        place = int(number)
        if place >= len(messages):  # a text that has such marks itself
            return []
        pieces += [Piece(cores[place], messages[place]["role"], place), Piece(gap, TEMPLATE)]
    return pieces


def _marked(place: int, message: Message, core: str) -> Message:
    """Return a message with a mark for its text; blanks around it stay, as a template may cut them."""
    content = message["content"]
    if not core:
        return message
    begin = content.index(core)
    mark = f"\ufdd1{place}\ufdd2"
    return message | {"content": content[:begin] + mark + content[begin + len(core) :]}


def _by_search(messages: list[Message], text: str) -> list[Piece]:
    pieces, at = [], 0
    for place, message in enumerate(messages):
        core = core_of(message)
        begin = text.find(core, at)
        if not core or begin < 0:
            continue
        pieces += [Piece(text[at:begin], TEMPLATE), Piece(core, message["role"], place)]
        at = begin + len(core)
    return [*pieces, Piece(text[at:], TEMPLATE)]


def core_of(message: Message) -> str:
    """Return the text of a message without blanks around it; none if it has something else than text."""
    try:
        return text_of(message).strip()
    except RowError:
        return ""


def _first(pieces: list[Piece], length: int) -> list[Piece]:
    """Return the pieces of the first `length` characters."""
    kept: list[Piece] = []
    for piece in pieces:
        kept.append(Piece(piece.text[:length], piece.role, piece.place))
        length -= len(kept[-1].text)
    return kept
