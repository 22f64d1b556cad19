"""Reads what a teacher wrote: up to the program that is to be run, or to an output that it made up."""

import re
from dataclasses import dataclass

from still_verl.interpreter.formats import CodeFormat

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r"^(`{3,}|~{3,})[ \t]*")


@dataclass(frozen=True)
class Written:
    """What counts of a text.

    Attributes:
        text: up to the end of the first program, or to the first output that is not ours.
        code: the program that is to be run; None if there is none.
        own_output: whether the teacher wrote an output itself.
        dropped: whether text was left out.
        open_line: whether the program ends the text without the end of its line.
    """

    text: str
    code: str | None = None
    own_output: bool = False
    dropped: bool = False
    open_line: bool = False


class OutputMark:
    """How an output begins in a format of code."""

    def __init__(self, code_format: CodeFormat) -> None:
        """Take the mark from how the format writes an output."""
        first = code_format.output("").strip().splitlines()[0]
        self.text = first
        self._mark = _normal(first)

    def begins(self, line: str) -> bool:
        """Return whether a line begins an output, with any fence and in any case."""
        return _normal(line).startswith(self._mark)


def read_text(code_format: CodeFormat, mark: OutputMark, text: str) -> Written:
    """Read a text up to its first program or output; `code_format` is left where the text that counts ends."""
    kept = 0
    for line in _LINE.findall(text):
        if not code_format.open_block and mark.begins(line):
            return Written(text[:kept], own_output=True, dropped=True)
        for piece in _pieces(code_format, line):
            kept += len(piece)
            if code_format.feed(piece):
                rest = text[kept:]
                made_up = any(map(mark.begins, _LINE.findall(rest)))
                return Written(text[:kept], code_format.blocks[-1], made_up, bool(rest.strip()))
    end = getattr(code_format, "end", None)
    if end is not None and end():
        return Written(text, code_format.blocks[-1], open_line=True)
    return Written(text)


def has_own_output(code_format: CodeFormat, text: str) -> bool:
    """Return whether a text without our outputs has one; `code_format` is one of a response that begins with it."""
    mark = OutputMark(code_format)
    for line in _LINE.findall(text):
        if not code_format.open_block and mark.begins(line):
            return True
        code_format.feed(line)
    return False


def _pieces(code_format: CodeFormat, line: str) -> list[str]:
    """A line as a whole; its characters where a block may end within it."""
    for stop in code_format.stop:
        if stop.strip() in line:
            return list(line)
    return [line]


def _normal(line: str) -> str:
    return _FENCE.sub("```", line.strip().lower())
