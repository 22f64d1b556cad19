"""The text of a model as safe HTML, with what a reader looks for marked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup, escape

from still_verl.monitor.keywords import WORDS, pattern

HEAD, TAIL = 5000, 3000  # characters that are shown of a long text
TOOL, ANSWER = "tool", "answer"
_TOOL = r"```(?:python|py|output)\b.*?(?:```|\Z)"
_ANSWER = r"\\boxed\b"


@dataclass(frozen=True)
class Marks:
    """What is marked in a text.

    Attributes:
        expression: has one named group for each kind of mark.
        kinds: by the group's name, for `class` and `title`.
    """

    expression: re.Pattern[str]
    kinds: Mapping[str, tuple[str, str]]


def highlight(text: str, words: Mapping[str, Sequence[str]] = WORDS) -> Markup:
    """Return escaped text in which keywords, code and its output, and boxes are `<mark>`ed.

    Long texts lose their middle.

    Args:
        words: keywords by category, those that the run counted.
    """
    # A tuple, because what is cached must be hashable.
    marks = _compiled(tuple((category, tuple(listed)) for category, listed in words.items()))
    if len(text) <= HEAD + TAIL:
        return _marked(text, marks)
    left_out = f"{len(text) - HEAD - TAIL:,} characters are left out here"
    gap = Markup('\n<em class="cut">… {} …</em>\n').format(left_out)
    return _marked(text[:HEAD], marks) + gap + _marked(text[-TAIL:], marks)


def mark_class(category: str) -> str:
    """Return the CSS class of a category's marks: ours have colours of their own, those of a user's share one."""
    if category in WORDS:
        return category
    return "keyword"


@lru_cache(maxsize=32)  # runs of one page: most count the same words
def _compiled(words: tuple[tuple[str, tuple[str, ...]], ...]) -> Marks:
    """Compile a list. Its groups are numbered: a category may be called `1st` or `tool`, which no group can be."""
    branches = [rf"(?P<{TOOL}>{_TOOL})", rf"(?P<{ANSWER}>{_ANSWER})"]
    kinds = {TOOL: (TOOL, TOOL), ANSWER: (ANSWER, ANSWER)}
    for number, (category, listed) in enumerate(words):
        group = f"category_{number}"
        branches.append(f"(?P<{group}>{pattern(listed).pattern})")
        kinds[group] = (mark_class(category), category)
    return Marks(re.compile("|".join(branches), re.IGNORECASE | re.DOTALL), kinds)


def _marked(text: str, marks: Marks) -> Markup:
    parts, end = [Markup()], 0
    for hit in marks.expression.finditer(text):
        assert hit.lastgroup is not None
        style, title = marks.kinds[hit.lastgroup]
        mark = Markup('<mark class="{}" title="{}">{}</mark>').format(style, title, hit[0])
        parts += [escape(text[end : hit.start()]), mark]
        end = hit.end()
    return Markup().join([*parts, escape(text[end:])])
