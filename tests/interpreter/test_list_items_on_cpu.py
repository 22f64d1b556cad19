"""Blocks in list items, against a complete reader of CommonMark."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from still_verl.interpreter.fences import FenceParser

markdown_it = pytest.importorskip("markdown_it")

LINES = [
    "- a", "* b", "1. c", "12) d", "-", "- - e", "1. - f", "text", "# title", "---", "",
    "```python", "```", "~~~python", "~~~", "````", "- ```python", "1. ```python",
    "x = 1", "if x:", "    y", "\tz",
]  # fmt: skip
INDENTS = ["", " ", "  ", "   ", "    ", "     ", "      ", "\t"]


def commonmark(text: str) -> list[str]:
    """The Python blocks of a text that are closed, as markdown-it reads it; HTML is text to us."""
    parser = markdown_it.MarkdownIt("commonmark").disable("html_block").disable("blockquote").disable("reference")
    lines = text.split("\n")
    found = []
    for token in parser.parse(text):
        last = lines[token.map[1] - 1].strip() if token.type == "fence" else ""
        closed = len(last) >= len(token.markup) and set(last) == {token.markup[:1]} and token.map[1] - token.map[0] > 1
        if token.type == "fence" and token.info.split()[:1] == ["python"] and closed:
            found.append(token.content)
    return found


@settings(max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(INDENTS), st.sampled_from(LINES)), min_size=1, max_size=9))
def test_a_block_is_that_of_commonmark(lines: list[tuple[str, str]]) -> None:
    text = "\n".join(indent + line for indent, line in lines) + "\n"
    parser = FenceParser()
    parser.feed(text)
    for block in commonmark(text):
        # Ours also goes on where a line is indented by less than its item, so it may find other blocks beside these.
        assert block in parser.blocks or outdented(text), (text, block, parser.blocks)


def outdented(text: str) -> bool:
    """Whether an unclosed block or an outdented line makes the two read a text differently, on purpose."""
    parser = markdown_it.MarkdownIt("commonmark").disable("html_block").disable("blockquote").disable("reference")
    lines = text.split("\n")
    for token in parser.parse(text):
        if token.type == "fence":
            last = lines[min(token.map[1], len(lines)) - 1].strip()
            if not (set(last) == {token.markup[:1]} and len(last) >= len(token.markup)):
                return True
            if token.map[1] - token.map[0] == 1:
                return True
    return False
