"""Blocks in list items, against a complete reader of CommonMark."""

from typing import Any

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


def fences(text: str) -> list[Any]:
    """The fenced blocks of a text as markdown-it reads it; HTML is text to us."""
    parser = markdown_it.MarkdownIt("commonmark").disable("html_block").disable("blockquote").disable("reference")
    return [token for token in parser.parse(text) if token.type == "fence"]


def closed(token: Any) -> bool:
    """Whether a fence ends the block: its lines are then the content's and two more, otherwise only one more."""
    return token.map[1] - token.map[0] == token.content.count("\n") + 2


def commonmark(text: str) -> list[str]:
    """The Python blocks of a text that are closed."""
    return [token.content for token in fences(text) if closed(token) and token.info.split()[:1] == ["python"]]


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
    return not all(closed(token) for token in fences(text))
