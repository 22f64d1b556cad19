"""Rows as text that is trained and text that is not, to be looked at."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from still_verl.demonstrations.render import render
from still_verl.demonstrations.rows import RowError, TokenRow, read_row
from still_verl.demonstrations.template import Template
from still_verl.demonstrations.tokens import Tokens


@dataclass(frozen=True)
class Stretch:
    """Tokens one after the other that are all trained, or all not.

    Attributes:
        text: of the tokens.
        tokens: their number.
        trained: whether they are.
    """

    text: str
    tokens: int
    trained: bool


def token_row(row: Any, tokens: Tokens, template: Template | None, train_on_outputs: bool = False) -> TokenRow:
    """Return the ids and the mask of a row of either form.

    Args:
        row: by the contract of `rows`.
        tokens: of the model.
        template: of the chat; None refuses messages.
        train_on_outputs: train on outputs inside a turn too, as the study's release did.

    Raises:
        RowError: it cannot be done exactly.
    """
    found = read_row(row)
    if isinstance(found, TokenRow):
        return found
    if template is None:
        raise RowError("the tokenizer has no chat template and the row has messages: choose a template, such as base")
    return tokens.encode(render(found, template, tokens.controls), train_on_outputs)


def stretches(row: TokenRow, tokens: Tokens) -> list[Stretch]:
    """Return a row's text in stretches that are trained or not.

    Raises:
        RowError: the ids are none of these tokens.
    """
    found = []
    for trained, group in groupby(zip(row.input_ids, row.loss_mask, strict=True), key=_mask):
        ids = [token for token, _ in group]
        found.append(Stretch(tokens.decode(ids), len(ids), bool(trained)))
    return found


def _mask(pair: tuple[int, int]) -> int:
    return pair[1]
