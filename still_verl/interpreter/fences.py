"""Finds where a response closes a block of Python: fences as in CommonMark, but ignored inside Python strings.

A model's code may itself contain a line of three backticks, in a docstring or in Markdown that it builds. Such a line
closes nothing while Python is inside a string. A block in a list item loses the indentation of its fence, as in
CommonMark; unlike there, a line of it that is indented by less does not end it, because models write such lines.
"""

import re
from copy import deepcopy

from still_verl.interpreter.list_items import MAX_INDENT, ListItems, indentation, without_indentation
from still_verl.interpreter.python_strings import PythonStrings

_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([^\n\r]*)")
# Not `str.splitlines`: it also cuts at characters that end no line of Markdown, such as a form feed.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r(?!\Z))")
PYTHON = frozenset({"python", "py", "python3"})


class FenceParser:
    """Reads a response piece by piece, as it is generated.

    Attributes:
        blocks: the code of every Python block that was closed so far.
    """

    def __init__(self, languages: frozenset[str] = PYTHON) -> None:
        """Read blocks of some languages, in lower case; the empty one is a fence that names none."""
        self.blocks: list[str] = []
        self._languages = languages
        self._pieces: list[str] = []  # of the line that has not ended yet
        self._items = ListItems()
        self._fence = ""  # of the block that is open
        self._is_python = False
        self._column = 0  # of the fence
        self._furthest = 0  # column of a fence that closes the block
        self._code: list[str] = []
        self._strings = PythonStrings()

    @property
    def open_block(self) -> bool:
        """Whether a Python block was begun and not closed, as at a budget's end."""
        return bool(self._fence) and self._is_python

    @property
    def fence(self) -> str:
        """The fence of the block of any language that was begun and not closed; empty outside of one."""
        return self._fence

    @property
    def in_string(self) -> bool:
        """Whether the last whole line ended inside a Python string of several lines."""
        return bool(self._strings.inside)

    def opens(self, line: str) -> bool:
        """Say whether a whole line would begin a block if it came next."""
        return not self._fence and _opening(line, deepcopy(self._items))[1] is not None

    def feed(self, text: str) -> bool:
        """Read on; return True when `text` ends with the line that closes a Python block, which is to be run now.

        Whatever follows a closing fence in the same piece was written without the block's output, so it is not run.
        """
        closed_last = False
        for line in self._whole_lines(text):
            # An empty line belongs to the token that closed the fence.
            closed_last = self._read(line) or (closed_last and not line.strip())
        if not closed_last or self._rest().strip():
            return False
        self._pieces.clear()  # blanks behind the fence: the block's output comes between them and the next line
        return True

    def end(self) -> bool:
        """Take in the end of a turn: a last line without its end counts as one. Return True if it closes a block."""
        line = self._rest()
        self._pieces.clear()
        return bool(line) and self._read(line)

    def _whole_lines(self, text: str) -> list[str]:
        """Return the lines that `text` completes; keep the rest."""
        # A carriage return that came last may be the first half of a line's end.
        ends_here = "\n" in text or "\r" in text or (bool(self._pieces) and self._pieces[-1].endswith("\r"))
        self._pieces.append(text)
        if not ends_here:
            return []
        text = self._rest()
        lines = _LINE.findall(text)
        self._pieces = [text[sum(map(len, lines)) :]]
        return lines

    def _rest(self) -> str:
        return "".join(self._pieces)

    def _read(self, line: str) -> bool:
        """Take in one whole line; return whether it closes a Python block."""
        if self._fence:
            return self._read_inside(line)
        column, found = _opening(line, self._items)
        if found is None:
            return False
        info = found[2].split()
        language = info[0].lower() if info else ""
        self._fence, self._is_python = found[1], language in self._languages
        self._column, self._furthest = column, self._items.base + MAX_INDENT
        return False

    def _read_inside(self, line: str) -> bool:
        """Take in a line of a block; return whether it closes one of Python."""
        column, text = indentation(line)
        found = _FENCE.match(text)
        closes = found is not None and not found[2].strip() and found[1].startswith(self._fence)
        if closes and column <= self._furthest and not self._strings.inside:
            return self.close()
        code = without_indentation(line, self._column)
        self._code.append(code)
        if self._is_python:
            self._strings.read(code)
        return False

    def close(self) -> bool:
        """Close the block that is open; return whether it is one of those languages."""
        if self._is_python:
            self.blocks.append("".join(self._code).replace("\r\n", "\n"))
        self._items.end_paragraph()
        self._fence, self._code, self._strings = "", [], PythonStrings()
        return self._is_python


def _opening(line: str, items: ListItems) -> tuple[int, re.Match[str] | None]:
    """Read a line outside of a block: return its column, and the fence if it begins one."""
    column, text = items.read(line)
    found = _FENCE.match(text)
    if found is None or column - items.base > MAX_INDENT:
        return column, None
    if "`" in found[2] and found[1][0] == "`":  # code in a line of text
        return column, None
    return column, found
