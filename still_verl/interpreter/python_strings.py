"""Follows where Python code is inside a string, line by line, in time linear in the code.

Python's own `tokenize` reads a program as a whole, and gives up at bad indentation. A model's program grows while it is
written, and may be wrong.
"""

import re

# What hides a quote: a comment, or a string of one line; three quotes open a string of many.
_NEXT = re.compile(
    r"#[^\n]*"
    r'|(?P<triple>"""|\'\'\')'
    r'|"(?:\\.|[^"\\\n])*(?P<double>"?)'
    r"|'(?:\\.|[^'\\\n])*(?P<single>'?)",
    re.DOTALL,
)
_CLOSE = {
    '"""': re.compile(r'(?:[^\\]|\\.)*?"""', re.DOTALL),
    "'''": re.compile(r"(?:[^\\]|\\.)*?'''", re.DOTALL),
}


class PythonStrings:
    r"""Reads a program one line after the other.

    Attributes:
        inside: the three quotes of the string that is open; empty outside of one.
        cut: whether the line that was read last ends inside a string of one line, as half a line does.

    Example:
        >>> strings = PythonStrings()
        >>> strings.read("x = '''one line  # not a comment\n")
        >>> strings.inside
        "'''"
    """

    def __init__(self) -> None:
        self.inside = ""
        self.cut = False

    def read(self, line: str) -> None:
        """Take in the next line, or some lines."""
        at, self.cut = 0, False
        while True:
            if self.inside:
                closed = _CLOSE[self.inside].match(line, at)
                if closed is None:
                    return
                at, self.inside = closed.end(), ""
            found = _NEXT.search(line, at)
            if found is None:
                return
            at = found.end()
            self.inside = found["triple"] or ""
            self.cut = found["double"] == "" or found["single"] == ""
