"""How a model writes code and reads its output: each format says when a block is to be run."""

import re
from typing import Protocol

from still_verl.interpreter.fences import FenceParser
from still_verl.interpreter.python_strings import PythonStrings

_OPEN, _CLOSE = "<code>", "</code>"
_TAGS_TRIED = 16  # so that a text of nothing but tags is read in linear time


class CodeFormat(Protocol):
    """One response in one format.

    A format may also have a method `end() -> bool`, which says whether the end of the model's turn closes a block that
    wants to be run now. Its state must be copyable by `copy.deepcopy`.

    Attributes:
        stop: strings at which the engine ends a piece of generation.
        blocks: code of the blocks that were closed so far.
    """

    stop: list[str]

    @property
    def blocks(self) -> list[str]:
        """Code of the blocks that were closed so far."""

    @property
    def open_block(self) -> bool:
        """Whether a block was begun and not closed."""

    def feed(self, text: str) -> bool:
        """Read on; return True when `text` ends with a block that wants to be run now."""

    def output(self, text: str) -> str:
        """Return what the model gets to read for the output `text` of a block."""


class FencedFormat:
    """```` ```python ```` and ```` ```output ```` blocks, as STILL-3-Tool (section 4.4)."""

    # A bare fence also opens blocks without a language; the parser tells them apart. A stop that is missed costs
    # tokens only: what was written past a block is dropped.
    stop = ["```\n", "```\r\n", "``` \n", "~~~\n"]

    def __init__(self) -> None:
        self._parser = FenceParser()

    @property
    def blocks(self) -> list[str]:
        """Code of the blocks that were closed so far."""
        return self._parser.blocks

    @property
    def open_block(self) -> bool:
        """Whether a Python block was begun and not closed."""
        return self._parser.open_block

    def feed(self, text: str) -> bool:
        """Read on; return True when `text` ends with the line that closes a Python block."""
        return self._parser.feed(text)

    def end(self) -> bool:
        """Take in the end of the model's turn; return True when it ends the line that closes a Python block."""
        return self._parser.end()

    def output(self, text: str) -> str:
        """Return `text` in a block of output, whose fence is longer than any in it."""
        longest = 2
        for inner in re.findall(r"`{3,}", text):
            longest = max(longest, len(inner))
        fence = "`" * (longest + 1)
        return f"{fence}output\n{text.rstrip()}\n{fence}\n"


class TaggedFormat:
    """`<code>` and `<interpreter>` tags, as ReTool (arXiv 2504.11536)."""

    stop = [_CLOSE]

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self._text = ""  # since the block before
        self._looked = 0  # how much of it has no tag that closes a block

    @property
    def open_block(self) -> bool:
        """Whether `<code>` was written and not closed."""
        return _OPEN in self._text

    def feed(self, text: str) -> bool:
        """Read on; return True when `text` ends with `</code>`, but for white space."""
        self._text += text
        ready = False
        while (end := self._text.find(_CLOSE, self._looked)) >= 0:
            code = self._code_before(end)
            if code is None:
                self._looked = end + len(_CLOSE)
                continue
            self.blocks.append(unfenced(code))
            self._text, self._looked = self._text[end + len(_CLOSE) :], 0
            ready = not self._text.strip()
        self._looked = max(self._looked, len(self._text) - len(_CLOSE) + 1)
        return ready

    def _code_before(self, end: int) -> str | None:
        """Return the code that a closing tag ends; None where that tag stands in prose, or in a string of the code."""
        # A tag in prose may come before the one that opens the block, and tags in strings after it.
        start = end
        for _ in range(_TAGS_TRIED):
            start = self._text.rfind(_OPEN, 0, start)
            if start < 0:
                return None
            code = self._text[start + len(_OPEN) : end]
            if not in_string_of_one_line(code):
                return code
        return None

    def output(self, text: str) -> str:
        """Return `text` in tags."""
        return f"\n<interpreter>\n{text.rstrip()}\n</interpreter>\n"


def unfenced(code: str) -> str:
    """Return code without the Markdown fence that many models put inside the tags.

    Example:
        >>> unfenced("```python\\nprint(1)\\n```")
        'print(1)\\n'
    """
    parser = FenceParser()
    parser.feed(code.strip() + "\n")
    if parser.blocks:
        return parser.blocks[-1]
    return code.replace("\r\n", "\n").strip("\n") + "\n"


def in_string_of_one_line(code: str) -> bool:
    """Return whether code ends inside a string of one line, so that what comes next belongs to it.

    Example:
        >>> in_string_of_one_line("print('"), in_string_of_one_line("print('a')\\n")
        (True, False)
    """
    strings = PythonStrings()
    strings.read(code)
    return strings.cut
