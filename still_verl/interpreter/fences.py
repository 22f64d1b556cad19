"""Finds where a response closes a block of Python: fences as in CommonMark, but ignored inside Python strings.

A model's code may itself contain a line of three backticks, in a docstring or in Markdown that it builds. Such a line
closes nothing while Python is inside a string.
"""

import io
import re
import tokenize
from dataclasses import dataclass, field

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^\n\r]*)")
PYTHON = frozenset({"python", "py", "python3"})


@dataclass
class FenceParser:
    """Reads a response piece by piece, as it is generated.

    Attributes:
        blocks: the code of every Python block that was closed so far.
    """

    blocks: list[str] = field(default_factory=list)
    _line: str = ""  # not yet ended
    _fence: str = ""  # of the block that is open
    _is_python: bool = False
    _code: list[str] = field(default_factory=list)

    @property
    def open_block(self) -> bool:
        """Whether a Python block was begun and not closed, as at a budget's end."""
        return bool(self._fence) and self._is_python

    def feed(self, text: str) -> bool:
        """Read on; return True when `text` ends with the line that closes a Python block, which is to be run now.

        Whatever follows a closing fence in the same piece was written without the block's output, so it is not run.
        """
        closed_last = False
        lines = (self._line + text).splitlines(keepends=True)
        self._line = ""
        if lines and not lines[-1].endswith(("\n", "\r")):
            self._line = lines.pop()
        for line in lines:
            # An empty line belongs to the token that closed the fence.
            closed_last = self._read(line) or (closed_last and not line.strip())
        return closed_last and not self._line.strip()

    def end(self) -> None:
        """Take in the end of the response: a last line without its end counts as a line."""
        if self._line:
            self._read(self._line)
            self._line = ""

    def _read(self, line: str) -> bool:
        """Take in one whole line; return whether it closes a Python block."""
        found = _FENCE.match(line)
        if not self._fence:
            if found and not ("`" in found[2] and found[1][0] == "`"):
                info = found[2].split()
                self._fence, self._is_python = found[1], bool(info) and info[0].lower() in PYTHON
            return False
        if found and not found[2].strip() and found[1].startswith(self._fence) and not self._in_string():
            return self._close()
        self._code.append(line)
        return False

    def _close(self) -> bool:
        was_python = self._is_python
        if was_python:
            self.blocks.append("".join(self._code).replace("\r\n", "\n"))
        self._fence, self._is_python, self._code = "", False, []
        return was_python

    def _in_string(self) -> bool:
        return self._is_python and ends_in_string("".join(self._code))


def ends_in_string(code: str) -> bool:
    """Return whether Python code stops inside a triple-quoted string.

    Example:
        >>> ends_in_string("x = '''one line"), ends_in_string("x = '''one line'''")
        (True, False)
    """
    if '"""' not in code and "'''" not in code:
        return False
    try:
        for _ in tokenize.generate_tokens(io.StringIO(code).readline):
            pass
    except tokenize.TokenError as error:  # its wording changed in Python 3.12
        return "multi-line string" in str(error) or "triple-quoted" in str(error)
    except (SyntaxError, ValueError):  # bad indentation, NUL
        return False
    return False
