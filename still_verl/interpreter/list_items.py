"""Where a line stands in the list items of a Markdown text, as CommonMark says (section 5.2, list items).

A block of code in an item is indented like the item's text. Only columns matter here: a tab goes on to the next
multiple of four.
"""

import re

TAB = 4
MAX_INDENT = 3  # columns; a line that is indented by more is code in itself, and begins nothing

_MARKER = re.compile(r"(?:[-+*]|\d{1,9}[.)])(?=[ \t\r\n]|$)")
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_NO_PARAGRAPH = re.compile(r"#{1,6}[ \t]|>|`{3}|~{3}")


def indentation(text: str, column: int = 0) -> tuple[int, str]:
    r"""Return the column of the first character that is no blank, and the text from there.

    Args:
        text: begins in `column`.

    Example:
        >>> indentation("  \tx\n"), indentation(" x", column=3)
        ((4, 'x\n'), (4, 'x'))
    """
    for place, char in enumerate(text):
        if char == " ":
            column += 1
        elif char == "\t":
            column += TAB - column % TAB
        else:
            return column, text[place:]
    return column, ""


def without_indentation(line: str, columns: int) -> str:
    r"""Return a line without its first columns, as far as they are blank; what is left of a tab becomes spaces.

    Example:
        >>> without_indentation("    x", 2), without_indentation(" x", 2), without_indentation("\tx", 2)
        ('  x', 'x', '  x')
    """
    column = 0
    for place, char in enumerate(line):
        if column >= columns or char not in " \t":
            return " " * (column - columns) + line[place:]
        column += TAB - column % TAB if char == "\t" else 1
    return " " * (column - columns)


class ListItems:
    r"""The items that are open, outermost first, while a text is read line by line.

    Example:
        >>> items = ListItems()
        >>> items.read("1. - so:\n"), items.base
        ((5, 'so:\n'), 5)
        >>> items.read("     x\n"), items.base
        ((5, 'x\n'), 5)
        >>> items.end_paragraph()
        >>> items.read("x\n"), items.base
        ((0, 'x\n'), 0)
    """

    def __init__(self) -> None:
        self._columns: list[int] = []  # where the text of each item begins
        self._paragraph = False  # whether the line before may go on in this one

    @property
    def base(self) -> int:
        """The column where the text of the innermost item begins; 0 outside of lists."""
        return self._columns[-1] if self._columns else 0

    def read(self, line: str) -> tuple[int, str]:
        """Take in a line; return the column of its text, and the text, without indentation and marks of items."""
        column, text = indentation(line)
        if not text.strip():
            self._paragraph = False
            return column, text
        goes_on = self._paragraph and not self._begins_something(text)
        if not goes_on:
            self._leave(column)
            column, text = self._enter(column, text)
        # An indented line is code in itself, unless it goes on with a paragraph.
        indented = column - self.base > MAX_INDENT and not goes_on
        self._paragraph = bool(text.strip()) and not indented and not _NO_PARAGRAPH.match(text)
        return column, text

    def end_paragraph(self) -> None:
        """Say that the next line cannot go on with the one before: a block of code lies between."""
        self._paragraph = False

    def _leave(self, column: int) -> None:
        """Leave the items whose text is indented by more than this line."""
        while self._columns and column < self._columns[-1]:
            self._columns.pop()

    def _enter(self, column: int, text: str) -> tuple[int, str]:
        """Enter the items that begin in this line, of which there may be several."""
        while column - self.base <= MAX_INDENT:
            mark = _MARKER.match(text)
            if mark is None or _RULE.match(text.rstrip()):
                break
            after_mark = column + mark.end()
            column, text = indentation(text[mark.end() :], after_mark)
            blanks = column - after_mark
            # More than four blanks are one, and an indented line; an item may also begin with an empty line.
            if blanks > TAB or not text.strip():
                blanks = 1
            self._columns.append(after_mark + blanks)
        return column, text

    def _begins_something(self, text: str) -> bool:
        return bool(_NO_PARAGRAPH.match(text) or _MARKER.match(text) or _RULE.match(text.rstrip()))
