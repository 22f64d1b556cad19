"""Find the final answer of a response.

Only the response is read, never the prompt: the study's released reward graded both and so gave 0 to everything. Every
function here runs in time linear in the length of the text, whatever a model wrote.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from still_verl.rewards.boxes import last_boxed, waits_for_answer
from still_verl.rewards.own_turn import own_turn
from still_verl.rewards.registries import EXTRACTORS

DEFAULT_EXTRACTORS = tuple(EXTRACTORS)
MARKED = frozenset({"boxed", "answer_tag"})  # found in the thoughts too; other words there are not meant as the answer
MAX_PLAIN_ANSWER = 300  # characters; longer text after </think> is an explanation, not an answer

_ANSWER_IS = re.compile(r"\b(?:final )?answer(?: is|:)[ :]*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\n|\.\s|\.$")


@dataclass(frozen=True)
class Extraction:
    """An answer and the extractor that found it, by its name; both are empty when there is none."""

    answer: str
    method: str

    def __bool__(self) -> bool:
        return bool(self.answer)


def extract(response: str, extractors: Sequence[str] = DEFAULT_EXTRACTORS) -> Extraction:
    r"""Find the final answer of a response: behind the last `</think>`, else a mark in the thoughts.

    What follows an end token, or begins another turn behind the answer, is not read.

    Args:
        response: the model's own text.
        extractors: names of `registries.EXTRACTORS`, or dotted names of your own; the first that finds one counts.

    Raises:
        ConfigError: there is no such extractor.
        ValueError: an extractor of your own raised, or returned something else than text.

    Example:
        >>> extract(r"<think>is it \boxed{3}?</think> The answer is \boxed{4}.")
        Extraction(answer='4', method='boxed')
        >>> extract("The answer is 5.", ["boxed", "answer_is"])
        Extraction(answer='5', method='answer_is')
    """
    response = own_turn(response)
    _, closed, conclusion = response.rpartition("</think>")
    places = [(name, conclusion) for name in extractors if closed or name != "after_think"]
    places += [(name, response) for name in extractors if closed and name in MARKED]
    for name, text in places:
        answer = _answer(name, text)
        if answer:
            return Extraction(answer, name)
    return Extraction("", "")


def _answer(name: str, text: str) -> str:
    """What the extractor of a name finds in a text; None is taken for nothing, as `re.search` gives it."""
    extractor = EXTRACTORS.find(name)
    try:
        answer = extractor(text)
    except Exception as error:  # whatever the user's own code raises, on whatever a model wrote
        raise ValueError(
            f"{EXTRACTORS.key}: the extractor {name} raised {type(error).__name__}: {error}; "
            "return an empty text where there is no answer"
        ) from error
    if answer is None:
        return ""
    if not isinstance(answer, str):
        raise ValueError(f"{EXTRACTORS.key}: the extractor {name} returned {answer!r:.80}: return the answer as text")
    return answer


def answer_tag(text: str) -> str:
    """Return what is in the last complete `<answer>...</answer>` that is no placeholder, unboxed when it is a box."""
    end = text.rfind("</answer>")
    while end >= 0:
        start = text.rfind("<answer>", 0, end)
        if start < 0:
            return ""
        content = text[start + len("<answer>") : end].strip()
        answer = last_boxed(content) or content
        if len(answer) > MAX_PLAIN_ANSWER or not waits_for_answer(answer):
            return answer
        end = text.rfind("</answer>", 0, start)
    return ""


def answer_is(text: str) -> str:
    """Return what follows the last "the answer is" or "Answer:", to the end of the sentence or line."""
    *_, said = [None, *_ANSWER_IS.finditer(text)]
    return _SENTENCE_END.split(text[said.end() :], maxsplit=1)[0].strip(" *:") if said else ""


def short_text(text: str) -> str:
    """Return the whole text, when it is as short as an answer."""
    return text.strip() if len(text.strip()) <= MAX_PLAIN_ANSWER else ""
