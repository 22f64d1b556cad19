"""Patterns of a data source: exact text, in which `*` stands for any text and `?` for one character."""

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    written = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(written, re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern stands for a text, upper and lower case apart.

    Example:
        >>> matches("math*", "math500"), matches("math*", "Math"), matches("gsm8k", "gsm8k-main")
        (True, False, False)
    """
    return _expression(pattern).fullmatch(text) is not None


def overlap(first: str, second: str) -> bool:
    """Return whether some text is matched by both patterns.

    Example:
        >>> overlap("math*", "*500"), overlap("math*", "code*"), overlap("a?c", "abc")
        (True, False, True)
    """
    # Where one begins with `*`, that either ends here or takes what the other has next. Each pair of rests is looked at
    # once, so the work is bounded by the product of the lengths.
    waiting, seen = [(first, second)], set()
    while waiting:
        pair = waiting.pop()
        if pair in seen:
            continue
        seen.add(pair)
        one, other = pair
        if not one and not other:
            return True
        if one.startswith("*"):
            waiting.append((one[1:], other))
            if other:
                waiting.append((one, other[1:]))
        elif other.startswith("*"):
            waiting.append((one, other[1:]))
            if one:
                waiting.append((one[1:], other))
        elif one and other and _same(one[0], other[0]):
            waiting.append((one[1:], other[1:]))
    return False


def _same(one: str, other: str) -> bool:
    """Whether some character is matched by both, none of which is `*`."""
    return one == other or "?" in (one, other)
