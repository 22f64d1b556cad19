"""What is odd in a prompt: each fault is one line that begins with its kind and a colon."""

import re

from still_verl.demonstrations.messages import CLOSE, OPEN
from still_verl.preview.instructions import instruction_twice
from still_verl.preview.pieces import PREFILLED, TEMPLATE, Piece, core_of
from still_verl.preview.render import Renderer
from still_verl.preview.rows import Message

Frame = tuple[str, str]  # the line before a question, and what is behind it
_PROBE = "\ufdd10\ufdd2"
# A text that ends where an answer begins is a whole prompt. Looked for in its last line only: a data set may have texts
# of megabytes, and patterns that begin anywhere and end at the end take quadratic time.
_ASKS_ASSISTANT = re.compile(r"(?:\bassistant|^[#* ]*(?:response|ai|bot))[* ]*:[* ]*\Z", re.IGNORECASE)
_ASKS_ANSWER = re.compile(r"[#* ]*(?:a|answer|solution)[* ]*:[* ]*", re.IGNORECASE)
_BEGINS_QUESTION = re.compile(
    r"^[#* ]*(?:q|question|problem|user|human|instruction)[* ]*:", re.IGNORECASE | re.MULTILINE
)
_LABEL = 60  # characters: no label is longer


def frame_of(renderer: Renderer) -> Frame:
    """Return what a template writes around a question: the last line before it, and all behind it; blanks are one."""
    try:
        text = renderer.text([{"role": "user", "content": _PROBE}])
    except ValueError:
        return "", ""
    before, _, behind = text.partition(_PROBE)
    return _one_blank(before.strip().rpartition("\n")[2]), _one_blank(behind)


def faults_of_messages(
    messages: list[Message], pieces: list[Piece], renderer: Renderer, frames: list[Frame]
) -> list[str]:
    """Return the faults of a prompt but for its length.

    Args:
        messages: of the prompt.
        pieces: of its text.
        renderer: that made it.
        frames: of templates that are known, see `frame_of`.
    """
    faults = without_question(messages)
    faults += _left_out(messages, pieces)
    if not brings_its_prompt(pieces, renderer.bos):
        faults += _marked_twice(messages, renderer, frames)
        faults += _thinks(messages)
    elif pieces[-1].role != PREFILLED:
        faults += _thinks(messages)
    faults += _twice(pieces, renderer)
    return faults + _two_begins("".join(piece.text for piece in pieces), renderer)


def without_question(messages: list[Message]) -> list[str]:
    """Say that nothing is asked, or by nobody."""
    faults = []
    roles = [message["role"] for message in messages]
    asked = ""
    for message in messages:
        if message["role"] == "user" or "user" not in roles:
            asked += core_of(message)
    if not asked:
        faults.append("empty prompt: there is no text to answer")
    if "user" not in roles:
        faults.append(f"no user turn: the prompt has {', '.join(roles) or 'no message'}")
    return faults


def brings_its_prompt(pieces: list[Piece], bos: str) -> bool:
    """Say whether the template adds nothing, as still/prompt=raw: what marks a chat is then the data's."""
    own = False
    for piece in pieces:
        added = piece.text.replace(bos, "") if bos else piece.text
        if piece.role == TEMPLATE and added.strip():
            return False
        own = own or piece.place is not None
    return own


def _left_out(messages: list[Message], pieces: list[Piece]) -> list[str]:
    there = {piece.place for piece in pieces}
    faults = []
    for place, message in enumerate(messages):
        if place not in there and core_of(message):
            faults.append(f"left out: the template writes no text of message {place} ({message['role']})")
    return faults


def _marked_twice(messages: list[Message], renderer: Renderer, frames: list[Frame]) -> list[str]:
    for place, message in enumerate(messages):
        text = core_of(message)
        if message["role"] in ("assistant", "tool"):
            continue
        where = f"message {place} ({message['role']})"
        control = renderer.controls.search(text)
        if control is not None:
            return [f"doubled template: {where} has {control.group()!r}, and the template adds its own"]
        if _is_whole(text):
            end = text[-_LABEL:].rpartition("\n")[2]
            return [f"doubled template: {where} is a whole prompt (it ends in {end!r}), and the template adds its own"]
        line = _one_blank(text)
        for before, behind in frames:
            if _is_framed(line, before, behind):
                return [f"doubled template: {where} has {before!r} and {behind!r}, and the template adds its own"]
    return []


def _is_whole(text: str) -> bool:
    """Say whether a text ends in a label that asks for the answer, with or without `<think>`."""
    end = text.removesuffix(OPEN).rstrip().rpartition("\n")[2]
    if _ASKS_ASSISTANT.search(end[-_LABEL:]):
        return True
    return len(end) <= _LABEL and bool(_ASKS_ANSWER.fullmatch(end) and _BEGINS_QUESTION.search(text))


def _is_framed(text: str, before: str, behind: str) -> bool:
    begin = text.find(before)
    return bool(before and behind) and begin >= 0 and behind in text[begin + len(before) :]


def _twice(pieces: list[Piece], renderer: Renderer) -> list[str]:
    asked = instruction_twice(pieces, renderer.controls)
    if not asked:
        return []
    return [f"doubled template: an instruction is there twice: {asked}"]


def _thinks(messages: list[Message]) -> list[str]:
    faults = []
    for place, message in enumerate(messages):
        text = core_of(message)
        if message["role"] == "user" and (OPEN in text or CLOSE in text):
            faults.append(f"<think> in a user turn: message {place} holds {OPEN if OPEN in text else CLOSE}")
    return faults


def _two_begins(text: str, renderer: Renderer) -> list[str]:
    bos = renderer.bos
    if not bos:
        return []
    times = text.count(bos)
    if bos == renderer.eos:  # then it also ends turns, and is doubled only where nothing is between
        times = len(re.findall(rf"\A\s*{re.escape(bos)}\s*{re.escape(bos)}", text)) + 1
    return [f"doubled BOS: {bos!r} begins a text, and is there {times} times"] if times > 1 else []


def _one_blank(text: str) -> str:
    return " ".join(text.split())
