"""Find the final answer of a response.

Only the response is read, never the prompt: the study's released reward graded both and so gave 0 to everything. Every
function here runs in time linear in the length of the text, whatever a model wrote.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from still_verl.rewards.registries import EXTRACTORS

DEFAULT_EXTRACTORS = tuple(EXTRACTORS)
MARKED = frozenset({"boxed", "answer_tag"})  # found in the thoughts too; other words there are not meant as the answer
MAX_PLAIN_ANSWER = 300  # characters; longer text after </think> is an explanation, not an answer
MAX_BETWEEN_BOXES = 30  # characters between two boxes that are one answer

_BRACES = re.compile(r"\\(?:boxed|fbox)\s*\{|\\.|[{}]", re.DOTALL)
_BARE_BOX = re.compile(r"\\boxed\s+([^\s{}$\\]+)")
_BETWEEN_BOXES = re.compile(r"[\s$.,;]*(?:\\text\{\s*)?(?:and|or)?(?:\s*\})?[\s$\\]*")
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
    _, closed, conclusion = response.rpartition("</think>")
    places = []
    for name in extractors:
        if closed or name != "after_think":
            places.append((name, conclusion))
    for name in extractors:
        if closed and name in MARKED:
            places.append((name, response))
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


def last_boxed(text: str) -> str:
    r"""Return what is in the last balanced `\boxed{}` or `\fbox{}`; boxes joined by "and" or a comma are one answer.

    Example:
        >>> last_boxed(r"\boxed{1}, no: \boxed{2} and \boxed{-2}")
        '2, -2'
    """
    boxes: list[_Box] = []
    for box in _boxes(text):
        while boxes and boxes[-1].start > box.start:
            boxes.pop()  # inside this box
        if boxes and not _joined(text, boxes[-1], box):
            boxes.clear()
        boxes.append(box)
    if boxes:
        return ", ".join(text[box.content : box.end].strip() for box in boxes)
    bare = _BARE_BOX.findall(text)
    if bare:
        return bare[-1]
    return ""


class _Box(NamedTuple):
    """Places in a text: where the command begins, where its content begins, and where that ends."""

    start: int
    content: int
    end: int


def _boxes(text: str) -> Iterator[_Box]:
    """Each balanced box, in the order of their ends, so that a box comes after the boxes inside it."""
    opened: list[re.Match[str]] = []
    for brace in _BRACES.finditer(text):
        token = brace.group()
        if token.endswith("{") and token != r"\{":
            opened.append(brace)
        elif token == "}" and opened:
            opening = opened.pop()
            if opening.group() != "{":
                yield _Box(opening.start(), opening.end(), brace.start())


def _joined(text: str, left: _Box, right: _Box) -> bool:
    """Whether only a comma, "and" or the like stands between two boxes."""
    start, end = left.end + 1, right.start
    return end - start < MAX_BETWEEN_BOXES and _BETWEEN_BOXES.fullmatch(text, start, end) is not None


def answer_tag(text: str) -> str:
    """Return what is in the last complete `<answer>...</answer>`, unboxed when it is a box."""
    end = text.rfind("</answer>")
    start = text.rfind("<answer>", 0, max(end, 0))
    if start < 0:
        return ""
    content = text[start + len("<answer>") : end].strip()
    return last_boxed(content) or content


def answer_is(text: str) -> str:
    """Return what follows the last "the answer is" or "Answer:", to the end of the sentence or line."""
    start = None
    for said in _ANSWER_IS.finditer(text):
        start = said.end()
    if start is None:
        return ""
    stop = _SENTENCE_END.search(text, start)
    end = len(text)
    if stop:
        end = stop.start()
    return text[start:end].strip(" *:")


def short_text(text: str) -> str:
    """Return the whole text, when it is as short as an answer."""
    text = text.strip()
    if len(text) > MAX_PLAIN_ANSWER:
        return ""
    return text
