"""Finds outputs of programs inside a turn of the model: what an interpreter wrote there, in the formats of ours.

Fenced: a block of language `output` that stands by itself. One inside a Python string, or quoted in a longer block, is
the model's own text. Tagged: `<interpreter>` behind a `</code>` that closes a program.

Our interpreter puts a longer fence around an output that has fences. The study's release wrote the closing fence behind
the last word of an output; that is read too, where no fence on a line of its own closes the block.
"""

import re

from still_verl.interpreter.fences import FenceParser
from still_verl.interpreter.formats import TaggedFormat
from still_verl.interpreter.list_items import MAX_INDENT

Span = tuple[int, int]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_OPENS = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})[ \t]*output\b[^`\r\n]*\Z", re.IGNORECASE)
_OTHER = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*[^`\s][^`\r\n]*\Z")
_CLOSE_CODE = "</code>"
_OPEN_TAG = re.compile(r"(\s*?)((?:\r?\n)?[ \t]*<interpreter>)")
_CLOSE_TAG = re.compile(r"[ \t]*</interpreter>[ \t]*(?:\r?\n)?")
_CLOSE_TAG_LINE = re.compile(r"^[ \t]*</interpreter>[ \t]*(?:\r?\n|\Z)", re.MULTILINE)


def output_spans(text: str) -> list[Span]:
    """Return where outputs are in a turn of the model: pairs [begin, end) of characters, in order.

    Example:
        >>> text = "```python\\nprint(2)\\n```\\n```output\\n2\\n```\\nso 2"
        >>> [text[begin:end] for begin, end in output_spans(text)]
        ['```output\\n2\\n```\\n']
    """
    fenced = _fenced(text)
    if _CLOSE_CODE not in text:
        return fenced
    return _united(sorted(fenced + _tagged(text)))


def _fenced(text: str) -> list[Span]:
    spans: list[Span] = []
    parser = FenceParser()
    at = 0
    while at < len(text):
        line = _line_at(text, at)
        end = at + len(line)
        opens = _OPENS.match(line.rstrip())
        if opens is None or not _begins_a_block(parser, line, opens[1]):
            parser.feed(line)
            at = end
            continue
        if parser.fence:
            parser.close()
        begin, at = at, _end_of_block(text, end, opens[1], _column(line))
        spans.append((begin, at))
    return spans


def _begins_a_block(parser: FenceParser, line: str, fence: str) -> bool:
    """Say whether a line with a fence of output begins a block, or is part of one."""
    if parser.open_block:
        # No Python has such a line outside of a string: the block was left open.
        return not parser.in_string
    if parser.fence:
        # A block is quoted in a longer one, or in one of the other kind. In any other the block was left open.
        return fence.startswith(parser.fence)
    return parser.opens(line)  # not where it is indented as code is


def _end_of_block(text: str, at: int, fence: str, column: int) -> int:
    """Return where a block of output ends whose first line ends at `at`."""
    behind_a_word = 0
    while at < len(text):
        line = _line_at(text, at)
        at += len(line)
        stripped = line.strip()
        if stripped.startswith(fence) and not stripped.strip(fence[0]):
            if _column(line) <= column + MAX_INDENT:
                return at
        elif behind_a_word and _starts_another(line, fence):
            return behind_a_word
        elif not behind_a_word and stripped.endswith(fence):
            behind_a_word = at
    return behind_a_word or at


def _starts_another(line: str, fence: str) -> bool:
    found = _OTHER.match(line.rstrip())
    return found is not None and found[1].startswith(fence)


def _column(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _line_at(text: str, at: int) -> str:
    found = _LINE.match(text, at)
    assert found is not None  # the pattern also matches nothing
    return found[0]


def _tagged(text: str) -> list[Span]:
    spans: list[Span] = []
    code = TaggedFormat()
    read = at = 0
    while (found := text.find(_CLOSE_CODE, at)) >= 0:
        at = found + len(_CLOSE_CODE)
        closed = code.feed(text[read:at])
        read = at
        opens = _OPEN_TAG.match(text, at)
        if not closed or opens is None:
            continue
        closes = _CLOSE_TAG_LINE.search(text, opens.end()) or _CLOSE_TAG.search(text, opens.end())
        read = at = closes.end() if closes else len(text)
        spans.append((opens.start(2), at))
    return spans


def _united(spans: list[Span]) -> list[Span]:
    """Join spans that overlap."""
    joined: list[Span] = []
    for begin, end in spans:
        if joined and begin < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
