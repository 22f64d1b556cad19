"""Text and tokens of a prompt, with a tokenizer as verl makes them, or without one."""

import re
from collections.abc import Callable
from typing import Any, Protocol

from still_verl.demonstrations.messages import CLOSE, OPEN
from still_verl.demonstrations.rows import RowError
from still_verl.demonstrations.template import JinjaTemplate
from still_verl.interpreter.token_text import control_tokens
from still_verl.preview.rows import Message

# What chats are marked by in any family. Longer names than a quantity has: `a<|c|>b` is a comparison.
_MARKERS = r"<\|(?:[a-z]{3,}|[A-Za-z]{2,}_\w+)\|>|<｜[^<>｜\s]+｜>|</s>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>"
# verl puts this before messages that a template refuses, and takes its text or tokens off again: there are templates
# that want a turn of a user (verl/utils/tokenizer/chat_template.py).
_DUMMY = [{"role": "user", "content": [{"type": "text", "text": ""}]}]
Span = tuple[int, int]


class Renderer(Protocol):
    """Makes prompts of messages.

    Attributes:
        unit: what a prompt is counted in.
        bos, eos: the tokens that begin and end a text; empty if there is none.
        controls: matches the name of a control token, or what marks a chat.
    """

    unit: str
    bos: str
    eos: str
    controls: re.Pattern[str]

    def text(self, messages: list[Message]) -> str:
        """Return the text of a prompt."""

    def ids(self, messages: list[Message]) -> list[int]:
        """Return its tokens."""

    def spans(self, text: str, ids: list[int]) -> list[Span] | None:
        """Return where each token is in the text; None if that is not known."""


class TokenizerRenderer:
    """Renders with a tokenizer of transformers, by the same calls as verl."""

    unit = "tokens"

    def __init__(self, tokenizer: Any, template: str | None = None) -> None:
        """Take a tokenizer, and a template in the place of its own.

        Raises:
            RowError: there is no template.
        """
        if template is None and not tokenizer.chat_template:
            raise RowError("the tokenizer has no chat template, so verl would fail: give --prompt raw, or another one")
        self._tokenizer = tokenizer
        self._options = {} if template is None else {"chat_template": template}
        self.bos: str = tokenizer.bos_token or ""
        self.eos: str = tokenizer.eos_token or ""
        self.controls = _controls(name for name in control_tokens(tokenizer) if name not in (OPEN, CLOSE))

    def text(self, messages: list[Message]) -> str:
        """Return the text of a prompt.

        Raises:
            RowError: the template refuses the messages.
        """
        text: str = _as_verl(self._apply(tokenize=False), messages)
        return text

    def ids(self, messages: list[Message]) -> list[int]:
        """Return the tokens of a prompt.

        Raises:
            RowError: the template refuses the messages.
        """
        return list(_as_verl(self._apply(tokenize=True), messages))

    def spans(self, text: str, ids: list[int]) -> list[Span] | None:
        """Return where each token is in the text; None where the tokenizer does not say."""
        if not self._tokenizer.is_fast:
            return None
        encoded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        if list(encoded["input_ids"]) != ids:
            return None
        return [(begin, end) for begin, end in encoded["offset_mapping"]]

    def _apply(self, tokenize: bool) -> Callable[[list[Message], bool], Any]:
        def apply(messages: list[Message], begin_answer: bool) -> Any:
            return self._tokenizer.apply_chat_template(
                messages,
                tokenize=tokenize,
                add_generation_prompt=begin_answer,
                tools=None,
                return_dict=False,
                **self._options,
            )

        return apply


class BytesRenderer:
    """Renders without a tokenizer: bytes of UTF-8 stand for tokens."""

    unit = "bytes"

    def __init__(self, template: JinjaTemplate, bos: str, eos: str) -> None:
        """Take a template, and what it writes for `bos_token` and `eos_token`."""
        self._template = template
        self.bos, self.eos = bos, eos
        self.controls = _controls(())

    def text(self, messages: list[Message]) -> str:
        """Return the text of a prompt.

        Raises:
            RowError: the template refuses the messages.
        """

        def apply(messages: list[Message], begin_answer: bool) -> str:
            return self._template.render(messages, None, begin_answer)

        text: str = _as_verl(apply, messages)
        return text

    def ids(self, messages: list[Message]) -> list[int]:
        """Return the bytes of a prompt."""
        return list(self.text(messages).encode())

    def spans(self, text: str, ids: list[int]) -> list[Span]:
        """Return where the character of each byte is."""
        found: list[Span] = []
        for place, char in enumerate(text):
            found += [(place, place + 1)] * len(char.encode())
        return found


def _as_verl(apply: Callable[[list[Message], bool], Any], messages: list[Message]) -> Any:
    try:
        return apply(messages, True)
    except Exception as refused:  # verl goes on after any error of a template
        try:
            before = apply(_DUMMY, False)
            return apply(_DUMMY + messages, True)[len(before) :]
        except Exception:  # what was wrong with the row is in the first error
            raise RowError(" ".join(str(refused).split())[:200] or type(refused).__name__) from None


def _controls(names: Any) -> re.Pattern[str]:
    """Return a pattern of control tokens; added tokens that are words, blanks or signs of a text are none."""
    marked = []
    for name in names:
        is_text = name[0].isalnum() or name[-1].isalnum() or name != name.strip()
        if not is_text and re.search(r"\w", name):
            marked.append(name)
    longest_first = sorted(marked, key=len, reverse=True)
    return re.compile("|".join([*map(re.escape, longest_first), _MARKERS]))
