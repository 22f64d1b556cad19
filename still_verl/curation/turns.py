"""What a conversation asks, and how it is solved.

A row is one problem with one answer. Where a user asks again after a reply, nothing says to which of the questions the
answer belongs: such a row is refused, and not guessed at.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from still_verl.curation.rows import Reject
from still_verl.evaluation.columns import as_text, first

_USER = ("user", "human")
_ASSISTANT = ("assistant", "gpt")


def question_of(turns: Sequence[Any]) -> str:
    """Return what the user says, before the first reply to it.

    Raises:
        Reject: the user asks again after a reply, or a turn has something else than text.

    Example:
        >>> question_of([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "What is 2+2?"}])
        'What is 2+2?'
    """
    said: list[str] = []
    is_answered = False
    for role, content in map(_turn, turns):
        if role in _USER:
            if is_answered:
                raise Reject(
                    "the user asks again after a reply: to which question the answer belongs is not known; choose with "
                    "an --adapter of your own"
                )
            said.append(_text(content))
        elif role in _ASSISTANT:
            is_answered = bool(said)
    return "\n".join(said)


def reply_of(turns: Sequence[Any]) -> str:
    """Return what the assistant says last.

    Raises:
        Reject: a turn is none, or has something else than text.
    """
    said = ""
    for role, content in map(_turn, turns):
        if role in _ASSISTANT:
            said = _text(content)
    return said


def _turn(turn: Any) -> tuple[Any, Any]:
    if not isinstance(turn, Mapping):
        raise Reject("a turn of the conversation is no object")
    return first(turn, ("role", "from")) or _USER[0], first(turn, ("content", "value"))


def _text(content: Any) -> str:
    """The text of a turn, which may be in parts."""
    if not isinstance(content, list):
        return as_text(content) or ""
    return "\n".join(map(_part, content))


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, Mapping) else part
    if not isinstance(text, str):
        kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
        raise Reject(f"a part of a turn is no text: {kind!r:.60}")
    return text
