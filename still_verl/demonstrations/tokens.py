"""From pieces of text to token ids and a mask, each piece encoded as RL would have it.

What lies between two turns of the model is encoded as one text, as a prompt is. What the model wrote is encoded by
itself, since it was generated behind what came before, and so is an output. Names of control tokens in a user's text
or an output stay text; in the model's own text those that end a turn do, and its `<think>` is the token.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Protocol

from still_verl.demonstrations.messages import CLOSE, OPEN
from still_verl.demonstrations.render import Piece, Writer
from still_verl.demonstrations.rows import RowError, TokenRow
from still_verl.interpreter.token_text import PlainTokens, control_tokens

# As tokens that control something are written, where there is no tokenizer to ask.
LOOKS_LIKE_CONTROL = r"<[|｜][^<>\s]+[|｜]>|</s>|<end_of_turn>"


class Tokens(Protocol):
    """Encodes the pieces of a conversation.

    Attributes:
        controls: matches the name of a control token.
    """

    controls: re.Pattern[str]

    def encode(self, pieces: Sequence[Piece], train_on_outputs: bool = False) -> TokenRow:
        """Return ids and mask."""

    def decode(self, ids: list[int]) -> str:
        """Return the text of tokens."""


class Bytes:
    """Bytes of UTF-8 in the place of tokens, so that rows can be looked at without a tokenizer."""

    def __init__(self, end: str = "") -> None:
        """Take the name of a token that ends a turn, where it does not look like one."""
        self.controls = re.compile(f"{re.escape(end)}|{LOOKS_LIKE_CONTROL}" if end else LOOKS_LIKE_CONTROL)

    def encode(self, pieces: Sequence[Piece], train_on_outputs: bool = False) -> TokenRow:
        """Return the bytes and the mask."""
        row = TokenRow([], [])
        for piece in pieces:
            _add(row, list(piece.text.encode()), is_trained(piece.writer, train_on_outputs))
        return row

    def decode(self, ids: list[int]) -> str:
        """Return the text of bytes.

        Raises:
            RowError: they are none.
        """
        if max(ids, default=0) > 255:
            raise RowError(f"input_ids has {max(ids)}, and bytes end at 255: give the model's tokenizer by --tokenizer")
        return bytes(ids).decode(errors="replace")


class TokenizerTokens:
    """The tokens of a tokenizer of transformers."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._plain = PlainTokens(tokenizer)
        names = control_tokens(tokenizer)
        self.controls = _any_of(names)
        self._special = set(tokenizer.all_special_tokens) & set(names)

    def encode(self, pieces: Sequence[Piece], train_on_outputs: bool = False) -> TokenRow:
        """Return ids and mask.

        Raises:
            RowError: the tokens do not have the text of the pieces.
        """
        row = TokenRow([], [])
        names = self._special | self._of_template(pieces)
        ends_turns = _any_of(names - {OPEN, CLOSE})
        for writer, group in groupby(pieces, key=_run):
            run = list(group)
            text = "".join(piece.text for piece in run)
            if writer is Writer.MODEL:
                ids = self._encode_all(split_names(text, ends_turns))
            elif writer is Writer.OUTPUT:
                ids = self._plain.encode(text)
            else:
                ids = self._encode_all(self._parts(run))
            self._check(ids, text)
            _add(row, ids, is_trained(writer, train_on_outputs))
        return row

    def decode(self, ids: list[int]) -> str:
        """Return the text of tokens."""
        text: str = self._tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text

    def _of_template(self, pieces: Sequence[Piece]) -> set[str]:
        """Return the control tokens by which a template marks turns."""
        names: set[str] = set()
        for piece in pieces:
            if piece.writer in (Writer.TEMPLATE, Writer.END):
                names.update(self.controls.findall(piece.text))
        return names

    def _parts(self, run: list[Piece]) -> list[str]:
        """Cut a text of a template and others, so that no name of a control token in theirs is whole."""
        parts = [""]
        for piece in run:
            if piece.writer is Writer.OTHER:
                first, *rest = self._plain.parts(piece.text)
                parts[-1] += first
                parts += rest
            else:
                parts[-1] += piece.text
        return parts

    def _encode_all(self, parts: Iterable[str]) -> list[int]:
        ids: list[int] = []
        for part in parts:
            ids += self._tokenizer.encode(part, add_special_tokens=False)
        return ids

    def _check(self, ids: list[int], text: str) -> None:
        found = self.decode(ids)
        if found != text and unicodedata.normalize("NFC", found) != unicodedata.normalize("NFC", text):
            raise RowError(
                f"the tokenizer turns {_around_difference(text, found)!r} into {_around_difference(found, text)!r}: "
                "its tokens would not be what RL sees; give input_ids and loss_mask as generated"
            )


def is_trained(writer: Writer, train_on_outputs: bool) -> bool:
    """Return whether what somebody wrote is trained."""
    return writer in (Writer.MODEL, Writer.END) or (train_on_outputs and writer is Writer.OUTPUT)


def split_names(text: str, names: re.Pattern[str]) -> list[str]:
    """Cut a text behind the first character of each name, so that none is whole.

    Example:
        >>> split_names("a <|end|> b", re.compile("<.end.>"))
        ['a <', '|end|> b']
    """
    parts, begin = [], 0
    for name in names.finditer(text):
        parts.append(text[begin : name.start() + 1])
        begin = name.start() + 1
    return [*parts, text[begin:]]


def _run(piece: Piece) -> Writer:
    """Return what is encoded together: a template's text and that of others are one prompt."""
    return Writer.TEMPLATE if piece.writer is Writer.OTHER else piece.writer


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _add(row: TokenRow, ids: list[int], trained: bool) -> None:
    row.input_ids.extend(ids)
    row.loss_mask.extend([int(trained)] * len(ids))


def _around_difference(text: str, other: str) -> str:
    """Return some characters of a text from where it differs from another."""
    at = 0
    while at < min(len(text), len(other)) and text[at] == other[at]:
        at += 1
    return text[max(at - 5, 0) : at + 15]
