"""The final answer of a response.

Only the response is read, never the prompt: the study's released reward graded both and so gave 0 to everything. Every
function here runs in time linear in the length of the text, whatever a model wrote.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from still_verl.rewards.registries import EXTRACTORS

MAX_PLAIN_ANSWER = 300  # characters; longer text after </think> is an explanation, not an answer

_BRACES = re.compile(r"\\(?:boxed|fbox)\s*\{|\\.|[{}]", re.DOTALL)
_BARE_BOX = re.compile(r"\\boxed\s+([^\s{}$\\]+)")
_BETWEEN_BOXES = re.compile(r"[\s$.,;]*(?:\\text\{\s*)?(?:and|or)?(?:\s*\})?[\s$\\]*")
_ANSWER_IS = re.compile(r"\b(?:final )?answer(?: is|:)[ :]*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\n|\.\s|\.$")


@dataclass(frozen=True)
class Extraction:
    """An answer and the method that found it; both are empty when there is none."""

    answer: str
    method: str

    def __bool__(self) -> bool:
        return bool(self.answer)


def _boxes(text: str) -> Iterator[tuple[int, int, int]]:
    """(start of the command, start of the content, end of the content) of each balanced box, by its end."""
    opened: list[re.Match[str]] = []
    for brace in _BRACES.finditer(text):
        token = brace.group()
        if token.endswith("{") and token != r"\{":
            opened.append(brace)
        elif token == "}" and opened:
            opening = opened.pop()
            if opening.group() != "{":
                yield opening.start(), opening.end(), brace.start()


def last_boxed(text: str) -> str:
    r"""The content of the last balanced `\boxed{}` or `\fbox{}`; boxes joined by "and" or a comma are one answer."""
    boxes: list[tuple[int, int, int]] = []
    for box in _boxes(text):
        while boxes and boxes[-1][0] > box[0]:
            boxes.pop()  # inside this box
        if boxes and not _joins(text, boxes[-1][2] + 1, box[0]):
            boxes.clear()
        boxes.append(box)
    if boxes:
        return ", ".join(text[start:end].strip() for _, start, end in boxes)
    bare = _BARE_BOX.findall(text)
    return bare[-1] if bare else ""


def _joins(text: str, start: int, end: int) -> bool:
    return end - start < 30 and _BETWEEN_BOXES.fullmatch(text, start, end) is not None


def answer_tag(text: str) -> str:
    """The content of the last complete `<answer>...</answer>`, unboxed when it is a box."""
    end = text.rfind("</answer>")
    start = text.rfind("<answer>", 0, max(end, 0))
    if start < 0:
        return ""
    content = text[start + len("<answer>") : end].strip()
    return last_boxed(content) or content


def answer_is(text: str) -> str:
    """What follows the last "the answer is" or "Answer:", to the end of the sentence or line."""
    starts = [match.end() for match in _ANSWER_IS.finditer(text)]
    if not starts:
        return ""
    end = _SENTENCE_END.search(text, starts[-1])
    return text[starts[-1] : end.start() if end else len(text)].strip(" *:")


def plain(text: str) -> str:
    """The whole text, when it is as short as an answer."""
    text = text.strip()
    return text if len(text) <= MAX_PLAIN_ANSWER else ""


DEFAULT_ORDER = tuple(EXTRACTORS)
MARKED = frozenset({"boxed", "answer_tag"})  # found in the thoughts too; other words there are not meant as the answer


def extract(response: str, extractors: Sequence[str] = DEFAULT_ORDER) -> Extraction:
    r"""Find the final answer of a response: behind the last `</think>`, else a mark in the thoughts.

    Args:
        response: the model's own text.
        extractors: names of `registries.EXTRACTORS`, or dotted names of your own; the first that finds one counts.

    Raises:
        ConfigError: there is no such extractor.

    Example:
        >>> extract(r"<think>is it \boxed{3}?</think> The answer is \boxed{4}.")
        Extraction(answer='4', method='boxed')
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
        answer = EXTRACTORS.find(name)(text)
        if answer:
            return Extraction(answer, name)
    return Extraction("", "")
