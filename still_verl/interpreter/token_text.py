"""Text and tokens: what a model wrote as it comes, and outputs of programs without control tokens."""

import re
from typing import Any

CONTEXT = 8  # tokens: how far back a tokenizer looks for the text of the next one
_REREAD = 256  # tokens, after which the text before is let go of
_INCOMPLETE = "\ufffd"  # what a tokenizer shows of a character that lacks bytes


class TokenText:
    """Decodes tokens as they come: special tokens too, blanks as they are, and a character when it is complete.

    Some tokenizers drop a blank at the beginning of a text, so that a piece in the middle cannot be decoded by itself.
    """

    def __init__(self, tokenizer: Any, before: list[int]) -> None:
        """Begin after some tokens."""
        self._tokenizer = tokenizer
        self._ids = before[-CONTEXT:]
        self._known = self._decode().rstrip(_INCOMPLETE)
        self._edge: int | None = None  # where the tokens can be cut: a character ended there

    def add(self, ids: list[int]) -> str:
        """Return the text that tokens add."""
        self._ids = self._ids + ids
        whole = self._decode()
        complete = whole.rstrip(_INCOMPLETE)
        new = complete[len(self._known) :]
        self._known = max(self._known, complete, key=len)
        if whole == complete:
            self._forget()
        return new

    def _forget(self) -> None:
        """Let go of old tokens, up to where a character ended, so that a long text is not decoded again and again."""
        if self._edge is None:
            if len(self._ids) > _REREAD:
                self._edge = len(self._ids)
        elif len(self._ids) >= self._edge + CONTEXT:
            self._ids, self._edge = self._ids[self._edge :], None
            self._known = self._decode()

    def _decode(self) -> str:
        text: str = self._tokenizer.decode(self._ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text


class PlainTokens:
    """Encodes text so that no token of it controls anything: what a program prints must not begin a turn, or end one.

    A control token is each one that was added to the tokenizer's vocabulary, such as `<|im_end|>` and `</think>`. Its
    text is encoded in two parts. Not by the tokenizer's switch `split_special_tokens`: that leaves those alone which
    are not "special", and is shared by all threads.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        names = control_tokens(tokenizer)
        self.ids = frozenset(names.values())
        longest_first = sorted(names, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def encode(self, text: str) -> list[int]:
        """Return tokens whose text is `text`."""
        ids: list[int] = []
        for part in self.parts(text):
            ids += self._encode(part)
        if self.ids.isdisjoint(ids):
            return ids
        # A tokenizer that changes the text before it looks for its tokens, such as NFKC.
        ids = []
        for char in text:
            ids += self._encode(char)
        return [token for token in ids if token not in self.ids]

    def parts(self, text: str) -> list[str]:
        """Cut a text in the middle of each name of a control token."""
        found, begin, at = [], 0, 0
        while name := self._names.search(text, at):
            at = name.start() + 1
            found.append(text[begin:at])
            begin = at
        return [*found, text[begin:]]

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids


def control_tokens(tokenizer: Any) -> dict[str, int]:
    """Return the tokens that were added to a vocabulary of text, by name; blanks and single characters are text."""
    names = dict(tokenizer.get_added_vocab())
    for name, token in zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True):
        names[name] = token
    return {name: token for name, token in names.items() if len(name.strip()) > 1}
