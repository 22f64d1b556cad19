r"""What stands beside a box and changes its value: the sign in `-\boxed{18}`, the factor in `2\cdot\boxed{9}`.

A formula goes on for as long as its tokens are terms and operators. In prose a sign with a space behind it is a bullet
or a dash, so there only what touches the box counts.
"""

import re

MAX_OUTSIDE = 60  # characters on each side that are looked at

_TOKEN = re.compile(
    r"(?P<edge>=|≈|⇒|&|\$|\\[()\[\]]|\\(?:approx|implies|iff|to|therefore|(?:Long)?[Rr]ightarrow|q?quad)(?![a-zA-Z]))"
    r"|(?P<sign>[-−±]|\\(?:pm|mp)(?![a-zA-Z]))"
    r"|(?P<operator>[+/·×^]|\\(?:cdot|times|div)(?![a-zA-Z]))"
    r"|(?P<term>\d+(?:\.\d+)?|\{-?\w+\}|[π√]|\\pi(?![a-zA-Z])|\\[dt]?frac\{\w+\}\{\w+\}|\\sqrt\{\w+\}"
    r"|(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z]))"
    r"|(?P<space>\s+)|(?P<other>\\?[a-zA-Z]+|.)",
    re.DOTALL,
)
_SCALE = re.compile(r"[\s$]*(?:\\text\s*\{\s*)?(hundred|thousand|million|billion|trillion)\b")
_CLOSING = frozenset(["$", r"\)", r"\]", "="])  # what a formula ends at, or goes on behind as another one


def before(text: str, start: int) -> str:
    r"""Return what belongs to a box from the text before it, as it stands there.

    Args:
        text: the response.
        start: where the box begins.

    Example:
        >>> [before(text, len(text)) for text in ("$x = -", "$2 \\cdot ", "so it is -", "- ", "Option C - ", "$x=")]
        ['-', '2 \\cdot ', '-', '', '', '']
    """
    tokens = list(_TOKEN.finditer(text, max(start - MAX_OUTSIDE, 0), start))
    ends_run = {"edge", "other"}
    if _is_prose(tokens):
        ends_run.add("space")
    run: list[re.Match[str]] = []
    for token in reversed(tokens):
        if token.lastgroup in ends_run:
            break
        run.insert(0, token)
    while run and run[0].lastgroup in ("space", "operator"):
        run.pop(0)
    if not run or (run[-1].lastgroup == "space" and run[-2].lastgroup == "term"):
        return ""
    return text[run[0].start() : start]


def _is_prose(tokens: list[re.Match[str]]) -> bool:
    """Whether the formula at the end of some tokens does not begin at a mathematical sign."""
    for token in reversed(tokens):
        if token.lastgroup in ("edge", "other"):
            return token.lastgroup == "other"
    return True


def behind(text: str, end: int) -> str:
    r"""Return what belongs to a box from the text behind it: to the end of its formula, or a number word.

    Args:
        text: the response.
        end: where the box ends, behind its brace.

    Example:
        >>> [behind(text, 0) for text in (r" \times 10^3$", "^2$", " million", " cm", r"^\circ$", " - as we saw")]
        [' \\times 10^3', '^2', ' million', '', '', '']
    """
    scale = _SCALE.match(text, end, end + MAX_OUTSIDE)
    if scale:
        return f" {scale[1]}"
    for token in _TOKEN.finditer(text, end, end + MAX_OUTSIDE):
        if token.lastgroup in ("edge", "other"):
            found = text[end : token.start()].rstrip()
            if token.group() in _CLOSING:
                return found
            return ""
    return ""
