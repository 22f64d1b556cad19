r"""What stands beside a box and changes its value: the sign in `-\boxed{18}`, the factor in `2\cdot\boxed{9}`.

A formula goes on for as long as its tokens are terms and operators. In prose a sign with a space behind it is a bullet
or a dash, so there only what touches the box counts.
"""

import re
from collections.abc import Iterable

MAX_OUTSIDE = 60  # characters on each side that are looked at

_TOKEN = re.compile(
    r"(?P<edge>=|≈|⇒|&|\$|\\[()\[\]]|\\(?:approx|implies|iff|to|therefore|(?:Long)?[Rr]ightarrow|q?quad)(?![a-zA-Z]))"
    r"|(?P<times>[·×]|\\(?:cdot|times|div)(?![a-zA-Z])|(?<=[\d)}])\*(?!\*))"
    r"|(?P<sign>[-−±]|\\(?:pm|mp)(?![a-zA-Z]))"
    r"|(?P<operator>[+/^])"
    r"|(?P<term>\d+(?:\.\d+)?|\{-?\w+\}|[π√()]|\\pi(?![a-zA-Z])|\\[dt]?frac\{\w+\}\{\w+\}|\\sqrt\{\w+\}"
    r"|(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z]))"
    r"|(?P<space>(?:\s|\\[,;:! ])+)|(?P<other>\\?[a-zA-Z]+|.)",
    re.DOTALL,
)
_SCALE = re.compile(r"[\s$]*(?:\\text\s*\{\s*)?(hundred|thousand|million|billion|trillion)\b")
_EDGES = frozenset(["", "$", "=", ":"])
_CLOSING = frozenset(["$", r"\)", r"\]", "="])  # what a formula ends at, or goes on behind as another one
_ENDS = frozenset(["edge", "other"])
_CALL = re.compile(r"[a-zA-Z]\(\s*$")


def around(text: str, start: int, end: int) -> tuple[str, str]:
    r"""Return what belongs to a box from the text before it and behind it.

    Args:
        text: the response.
        start: where the box begins.
        end: where it ends, behind its brace.

    Example:
        >>> text = r"$3(\boxed{6}) = 18$"
        >>> around(text, 3, 12)
        ('3(', ')')
    """
    left, right = before(text, start), behind(text, end)
    if _CALL.search(left) or (left + right).count("(") != (left + right).count(")"):
        return "", ""
    return left, right


def before(text: str, start: int) -> str:
    r"""Return what belongs to a box from the text before it, as it stands there.

    Example:
        >>> [before(text, len(text)) for text in ("$x = -", "2 \\cdot ", "so it is -", "- ", "Option C - ", "$x=")]
        ['-', '2 \\cdot ', '-', '', '', '']
    """
    first = max(start - MAX_OUTSIDE, 0)
    if text[first:start].rstrip()[-1:] in _EDGES:  # most boxes, at once
        return ""
    tokens = list(_TOKEN.finditer(text, first, start))
    may_have_spaces = _is_formula(tokens) or _first_kind(reversed(tokens)) == "times"
    run: list[re.Match[str]] = []
    for token in reversed(tokens):
        if token.lastgroup in _ENDS or (token.lastgroup == "space" and not may_have_spaces):
            break
        run.insert(0, token)
    while run and run[0].lastgroup in ("space", "operator", "times"):
        run.pop(0)
    if not run:
        return ""
    return text[run[0].start() : start]


def _is_formula(tokens: list[re.Match[str]]) -> bool:
    """Whether the formula at the end of some tokens begins at a mathematical sign."""
    for token in reversed(tokens):
        if token.lastgroup in _ENDS:
            return token.lastgroup == "edge"
    return False


def _first_kind(tokens: Iterable[re.Match[str]]) -> str | None:
    """The kind of the first token that is no space."""
    for token in tokens:
        if token.lastgroup != "space":
            return token.lastgroup
    return None


def behind(text: str, end: int) -> str:
    r"""Return what belongs to a box from the text behind it: to the end of its formula, or a number word.

    Example:
        >>> [behind(text, 0) for text in (r" \times 10^3.", "^2$", " million", " cm", r"^\circ$", " - as we saw")]
        [' \\times 10^3', '^2', ' million', '', '', '']
    """
    scale = _SCALE.match(text, end, end + MAX_OUTSIDE)
    if scale:
        return f" {scale[1]}"
    if text[end : end + 1] in _EDGES:
        return ""
    tokens = list(_TOKEN.finditer(text, end, end + MAX_OUTSIDE))
    stop, is_closed = end + MAX_OUTSIDE, _first_kind(tokens) == "times"
    for token in tokens:
        if token.lastgroup in _ENDS:
            stop = token.start()
            is_closed |= token.group() in _CLOSING
            break
    if not is_closed:
        return ""
    return text[end:stop].rstrip()
