"""How a model writes code and reads its output: each format says when a block is to be run."""

import re
from typing import Protocol

from still_verl.interpreter.fences import FenceParser


class CodeFormat(Protocol):
    """One response in one format.

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

    # A bare fence also opens blocks without a language; the parser tells them apart.
    stop = ["```\n", "```\r\n", "``` \n"]

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

    def output(self, text: str) -> str:
        """Return `text` in a block of output, whose fence is longer than any in it."""
        longest = 2
        for inner in re.findall(r"`{3,}", text):
            longest = max(longest, len(inner))
        fence = "`" * (longest + 1)
        return f"{fence}output\n{text.rstrip()}\n{fence}\n"


class TaggedFormat:
    """`<code>` and `<interpreter>` tags, as ReTool (arXiv 2504.11536)."""

    stop = ["</code>"]

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self._text = ""

    @property
    def open_block(self) -> bool:
        """Whether `<code>` was written and not closed."""
        return "<code>" in self._text

    def feed(self, text: str) -> bool:
        """Read on; return True when `text` ends with `</code>`, but for white space."""
        self._text += text
        start, end = self._text.rfind("<code>"), self._text.rfind("</code>")
        if start < 0 or end < start:
            return False
        code, after = self._text[start + len("<code>") : end], self._text[end + len("</code>") :]
        self.blocks.append(unfenced(code))
        self._text = ""
        return not after.strip()

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
