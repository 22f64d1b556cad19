"""Reads options that have a column of their own: without them the number of the right one would pass for its value."""

import re
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from still_verl.curation.filters.marks import find_marks
from still_verl.evaluation.columns import as_count

COLUMNS = ("options", "choices", "Options", "Choices")
# A whole number with what may stand around it: $2$, \(2\), 2.0, 2 cm, 2%. The sum 1+1 and the product 2x are none.
_WHOLE = re.compile(
    r"[\s$\\(){}]*(\d{1,3})(?:\.0+)?[\s$\\(){}]*(?:[%°]|(?<=[\s$\\(){}])[^\W\d_].*|[^\W\d_]{2,}.*)?", re.DOTALL
)
RIGHT = ("answerKey", "correct", "correct_option")  # what is right, in tables that have options


def right_option(row: Mapping[str, Any], answer: Any) -> Any:
    """Return the letter of the right option where a number, or a label, says which one it is; else the answer itself.

    Places count from 0. A number that is the text of another option says nothing: it may be meant as either.

    Example:
        >>> right_option({"choices": ["4", "5", "6"]}, 1), right_option({"choices": ["4", "5", "6"]}, "5")
        ('B', '5')
        >>> right_option({"choices": ["0", "1", "2"], "answer": 2}, 2), right_option({"choices": ["$1$", "0"]}, 1)
        ('C', None)
    """
    options, has_labels = _options(row)
    if not options:
        return answer
    if answer is None:
        answer = next((row[name] for name in RIGHT if _is_name(row.get(name))), None)
    labels = [label for label, _ in options]
    place = as_count(answer)  # tables write 1.0 where another row has none
    named = answer if place is None else f"{place}"
    if named in labels and (place is None or has_labels):
        return ascii_uppercase[labels.index(named)]
    if isinstance(answer, bool):  # whether what the row has is right, and no option, but where that is true or false
        return answer if any(text.lower() in ("true", "false") for _, text in options) else None
    if place is None or not 0 <= place < len(options):
        return answer
    values = [_whole(text) for _, text in options]
    return None if place in values and values[place] != place else ascii_uppercase[place]


def with_options(row: Mapping[str, Any], problem: str) -> str:
    r"""Return a problem with the options that the row has in a column of their own.

    Example:
        >>> with_options({"choices": ["4", "5"]}, "What is 2+3?")
        'What is 2+3?\n(A) 4\n(B) 5'
    """
    if len(find_marks(problem)) > 1:  # a single one names something: factor out (a)
        return problem
    options, _ = _options(row)
    return "\n".join([problem, *(f"({ascii_uppercase[number]}) {text}" for number, (_, text) in enumerate(options))])


def _options(row: Mapping[str, Any]) -> tuple[list[tuple[str, str]], bool]:
    """The labels and texts of the options of a row, and whether the labels are its own; nothing where it has none."""
    for name in COLUMNS:
        found = row.get(name)
        labels: Any = ascii_uppercase
        has_labels = isinstance(found, Mapping)
        if isinstance(found, Mapping):
            texts = found.get("text")
            if isinstance(texts, list):
                labels = found.get("label") or ascii_uppercase
            else:
                labels, texts = list(found), list(found.values())
            # In a table each row has the fields of all rows: those that others have are empty.
            pairs = [(label, text) for label, text in zip(labels, texts, strict=False) if text is not None]
            labels, found = [label for label, _ in pairs], [text for _, text in pairs]
        if isinstance(found, list) and 2 <= len(found) <= len(ascii_uppercase) and all(map(_is_name, found)):
            letters = zip(labels, found, ascii_uppercase, strict=False)
            return [(f"{label}", _without_label(f"{text}", letter)) for label, text, letter in letters], has_labels
    return [], False


def _whole(text: str) -> int | None:
    """The whole number that a text is, with or without a unit; None for another text."""
    found = _WHOLE.fullmatch(text)
    return int(found[1]) if found else None


def _is_name(value: Any) -> bool:
    """Whether a value is the text, label or number of an option: a truth value says only whether something is right."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _without_label(text: str, letter: str) -> str:
    """The text of an option whose letter is written in front of it (AQuA)."""
    for mark in (")", ".", ":"):
        text = text.removeprefix(f"{letter}{mark}").removeprefix(f"({letter}{mark}")
    return text.strip()
