"""How many things a problem asks for."""

import re

# A sentence ends at its mark; "find x, and find y" are two requests.
_BETWEEN = re.compile(
    r"(?<=[.?!;])\s+|(?<=[$)\]}])\s*\.\s+|,?\s+(?:and|then)\s+(?:also\s+)?(?=find\b|compute\b|determine\b|what\b|how\b)"
)
_BEGINS = re.compile(
    r"\W*(?:also,?\s+|then,?\s+|next,?\s+)?"
    r"(?:find|compute|determine|calculate|evaluate|solve|identify|what|how (?:many|much|far|long|fast|old))\b"
)


def asks(plain: str) -> int:
    """Return how many sentences of a text are a question, or begin with what is to be done.

    Args:
        plain: in lower case, without markup.

    Example:
        >>> asks("a cube has side 2. find its volume, and find its surface area."), asks("what is 2+2? show your work.")
        (2, 1)
    """
    found = 0
    for sentence in _BETWEEN.split(plain):
        if sentence and (sentence.rstrip().endswith("?") or _BEGINS.match(sentence)):
            found += 1
    return found
