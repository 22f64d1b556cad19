"""Reads options that have a column of their own: without them the number of the right one would pass for its value."""

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from still_verl.curation.filters.marks import find_marks
from still_verl.evaluation.columns import as_count

COLUMNS = ("options", "choices", "Options", "Choices")
RIGHT = ("answerKey", "correct", "correct_option")  # what is right, in tables that have options


def right_option(row: Mapping[str, Any], answer: Any) -> Any:
    """Return the letter of the right option where a number, or a label, says which one it is; else the answer itself.

    A number that is the text of another option says nothing: it may be meant as either.

    Example:
        >>> right_option({"choices": ["4", "5", "6"]}, 1), right_option({"choices": ["4", "5", "6"]}, "5")
        ('B', '5')
        >>> right_option({"choices": ["0", "1", "2"], "answer": 2}, 2), right_option({"choices": ["1", "0"]}, 1)
        ('C', None)
    """
    labels, texts = _options(row)
    if not texts:
        return answer
    if answer is None:
        answer = next((row[name] for name in RIGHT if isinstance(row.get(name), str | int)), None)
    if isinstance(answer, str) and answer in labels:
        return ascii_uppercase[labels.index(answer)]
    place = as_count(answer)  # tables write 1.0 where another row has none
    if place is None or not 0 <= place < len(texts):
        return answer
    if str(place) in texts and texts[place] != str(place):
        return None
    return ascii_uppercase[place]


def with_options(row: Mapping[str, Any], problem: str) -> str:
    r"""Return a problem with the options that the row has in a column of their own.

    Example:
        >>> with_options({"choices": ["4", "5"]}, "What is 2+3?")
        'What is 2+3?\n(A) 4\n(B) 5'
    """
    _, texts = _options(row)
    if find_marks(problem):
        return problem
    return "\n".join([problem, *(f"({ascii_uppercase[number]}) {text}" for number, text in enumerate(texts))])


def _options(row: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[str]]:
    """The labels and texts of the options of a row; nothing where it has none."""
    for name in COLUMNS:
        found = row.get(name)
        labels: Any = ascii_uppercase
        if isinstance(found, Mapping):
            labels = found.get("label") or list(found)
            found = found.get("text") or list(found.values())
        if isinstance(found, list) and 2 <= len(found) <= len(ascii_uppercase) and all(map(_is_text, found)):
            return labels, [_without_label(str(text), ascii_uppercase[number]) for number, text in enumerate(found)]
    return "", ()


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _without_label(text: str, letter: str) -> str:
    """The text of an option whose letter is written in front of it (AQuA)."""
    for mark in (")", ".", ":"):
        text = text.removeprefix(f"{letter}{mark}").removeprefix(f"({letter}{mark}")
    return text.strip()
