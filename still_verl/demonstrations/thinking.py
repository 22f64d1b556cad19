"""Whether a row of token ids has lost its thinking on the way: many a template deletes that when it is filled in.

A row of messages cannot: it is refused where its text is not whole.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from still_verl.demonstrations.messages import CLOSE, OPEN
from still_verl.demonstrations.rows import MESSAGES, RowError, TokenRow
from still_verl.demonstrations.template import Template
from still_verl.demonstrations.tokens import Tokens

_FIX = "make the ids from what the model read and wrote, or leave them out and give messages"
_REASONING = ("reasoning_content", "reasoning", "thinking")


def check_thinking(row: Mapping[str, Any], found: TokenRow, tokens: Tokens, template: Template | None) -> None:
    """Refuse ids without the begin of their thoughts, or without the thoughts that their messages have.

    Args:
        row: as it was read; its messages, if it has any, are what the ids should say.
        found: its ids and mask; some token is trained.
        tokens: of the model.
        template: of the chat; None where there is none.

    Raises:
        RowError: thinking is lost.
    """
    first = found.loss_mask.index(1)
    read, written = tokens.decode(found.input_ids[:first]), tokens.decode(found.input_ids[first:])
    before, close, _ = written.partition(CLOSE)
    if close and OPEN not in read + before:
        raise RowError(f"thinking is lost: input_ids has {CLOSE} and no {OPEN} before it: {_FIX}")
    if template is not None and opens_thinking(template):
        if not read.rstrip().endswith(OPEN) and not written.lstrip().startswith(OPEN):
            raise RowError(
                f"thinking is lost: the template begins an answer with {OPEN}, and what is trained first in input_ids "
                f"does not stand behind it: {_FIX}"
            )
    text = _plain(read + written)
    for place, thoughts in _thoughts(row.get(MESSAGES)):
        if _plain(thoughts) not in text:
            raise RowError(f"thinking is lost: messages[{place}] has thoughts that input_ids does not have: {_FIX}")


def opens_thinking(template: Template) -> bool:
    """Say whether a template itself begins the thinking of an answer, as R1-Distill's does."""
    try:
        asked = template.render([{"role": "user", "content": "1+1=?"}], None, begin_answer=True)
    except RowError:  # it wants more than a question: nothing is known of it
        return False
    return asked.rstrip().endswith(OPEN)


def _thoughts(messages: Any) -> list[tuple[int, str]]:
    """Return the thoughts of the model's messages, with their places."""
    found = []
    for place, message in enumerate(messages if isinstance(messages, list) else ()):
        if not isinstance(message, Mapping) or message.get("role") != "assistant":
            continue
        content = message.get("content")
        if isinstance(content, str) and CLOSE in content:
            before, _, _ = content.partition(CLOSE)
            found.append((place, before.removeprefix(OPEN)))
        found += [(place, message[name]) for name in _REASONING if isinstance(message.get(name), str)]
    return [(place, thoughts) for place, thoughts in found if thoughts.strip()]


def _plain(text: str) -> str:
    """Return a text as it is compared: blanks do not count, nor how accents are written."""
    return " ".join(unicodedata.normalize("NFC", text).split())
