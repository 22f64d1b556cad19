"""What an adapter returned, as a curation needs it: an adapter of the user's own may return anything."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from still_verl.curation.rows import KINDS, Fields, Reject
from still_verl.evaluation.columns import as_text
from still_verl.rewards.gold import UnreadableGold, read_gold

_TEXTS = ("id", "data_source", "solution")  # a number is as good, and None is none
_PLAIN = (str, int, float)


def checked(fields: Any, adapter: str) -> Fields:
    """Return the fields of a row with texts where there must be texts, and an answer that JSON can hold.

    Raises:
        Reject: they are something else; names the field.
    """
    if not isinstance(fields, Fields):
        raise Reject(
            f"the adapter {adapter} returned a {type(fields).__name__}: return a still_verl.curation.rows.Fields"
        )
    if not isinstance(fields.problem, str):
        raise Reject(f"the problem is no text: its type is {type(fields.problem).__name__}")
    if fields.kind not in KINDS:
        raise Reject(f"kind is {fields.kind!r:.60}: use {' or '.join(KINDS)}")
    changed: dict[str, Any] = {}
    for name in _TEXTS:
        value = getattr(fields, name)
        if not isinstance(value, str):
            changed[name] = as_text(value) or ""
    answer = _in_json(fields.answer)
    if answer is not fields.answer:
        changed["answer"] = answer
    _check_extra(fields.extra)
    fields = replace(fields, **changed) if changed else fields
    for name in ("id", "data_source"):
        _check_whole(name, getattr(fields, name))
    for text in _texts(fields.answer):
        _check_whole("answer", text)
    return fields


def _texts(answer: Any) -> tuple[Any, ...]:
    """The texts of an answer: as it is written beside the row, and as it is read, which may undo escapes."""
    if answer is None or isinstance(answer, int | float):
        return ()
    whole = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    try:
        return (whole, *read_gold(answer))
    except UnreadableGold:
        return (whole,)


def _in_json(answer: Any) -> Any:
    """An answer; one that JSON has no form for (a set, a decimal, bytes) as the texts that it stands for."""
    if answer is None or isinstance(answer, _PLAIN):
        return answer
    try:
        json.dumps(answer)
    except (TypeError, ValueError, RecursionError):
        try:
            return list(read_gold(answer))
        except UnreadableGold as error:
            raise Reject(f"the answer: {error}"[:300]) from None
    return answer


def _check_extra(extra: Any) -> None:
    if not isinstance(extra, Mapping):
        raise Reject(f"extra is {extra!r:.60}: use a dict of columns")
    for name, value in extra.items():
        if not isinstance(name, str) or not isinstance(value, _PLAIN):
            raise Reject(f"extra[{name!r:.60}] is {value!r:.60}: use a text or a number, under a text")
        _check_whole(name, value)


def _check_whole(name: str, value: Any) -> None:
    if not isinstance(value, str) or value.isascii():
        return
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise Reject(f"half of a surrogate pair in {name!r:.60}") from None
