"""What a reader's reply says. It may be anything: only labels that were asked for come out of it."""

import json
from collections.abc import Collection
from typing import Any

from still_verl.curation.labels.rubric import NO_LABEL

_FENCE = "```"


class Unread(ValueError):
    """A reply without labels; the message says why."""


def labels_in(reply: str, asked: Collection[str]) -> list[str]:
    """Return the labels that a reply ends with, in the order of their names.

    Nothing but white space or the end of a code fence may stand behind them, and what is thought does not count.

    Raises:
        Unread: it does not end with one whole `{"labels": [...]}` with labels that were asked for.

    Example:
        >>> labels_in('No value is asked for. {"labels": ["proof"]}', {"proof", "open_ended"})
        ['proof']
    """
    labels = _object_at_end(_said(reply)).get("labels")
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) for label in labels):
        raise Unread("the reply does not end with labels")
    given = set(labels)
    if given == {NO_LABEL}:
        return []
    strange = sorted(given - set(asked))
    if strange:
        raise Unread("the reply has a label that was not asked for")
    return sorted(given)


def _said(reply: str) -> str:
    """The reply without thoughts; a prompt may have opened them already."""
    said = reply.rpartition("</think>")[2]
    if "<think>" in said:
        raise Unread("the reply ends in its thoughts")
    return said


def _object_at_end(said: str) -> dict[str, Any]:
    """The outermost object that ends a text."""
    text = said.rstrip().removesuffix(_FENCE).rstrip()
    if "{" not in text:
        raise Unread("there is no JSON in the reply")
    start = text.find("{") if text.endswith("}") else -1
    while start >= 0:
        try:
            found, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = -1
        if end == len(text):
            return dict(found)
        # What is inside of a whole object is a part of it; braces of mathematics are no object at all.
        start = text.find("{", max(end, start + 1))
    raise Unread("the reply does not end with JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; what is there twice says nothing."""
    found = dict(pairs)
    if [name for name, _ in pairs].count("labels") > 1:
        found["labels"] = None
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once)
