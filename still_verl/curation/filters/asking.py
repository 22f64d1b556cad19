"""What asks in a text, and for how many things."""

import re

# With what a request may begin.
VERBS = (
    "add|apply|approximate|arrange|assign|balance|calculate|categorize|check|choose|cite|classify|combine|comment"
    "|compare|complete|compute|consider|construct|contrast|convert|count|decide|deduce|define|derive|describe|design"
    "|detail|determine|diagram|differentiate|discuss|distinguish|divide|draw|estimate|evaluate|examine|expand|explain"
    "|explore|express|factor|find|formulate|give|graph|identify|illustrate|indicate|integrate|interpret|justify|label"
    "|list|locate|make|match|multiply|name|obtain|order|outline|plot|predict|prepare|propose|prove|provide|rank"
    "|rationalize|reduce|report|rewrite|round|select|show|simplify|sketch|solve|sort|specify|state|subtract|suggest|sum"
    "|summari[sz]e|test|trace|translate|use|verify|write"
)
BEGINS_REQUEST = re.compile(
    rf"\W*(?:(?:also|then|next|now|please|again),?\s+)?(?:{VERBS}|what|how|why)\b", re.IGNORECASE
)
_ENDS = re.compile(r"(?<=[.?!])\s+")

# A sentence ends at its mark; "find the area, and find the volume" are two requests. Several unknowns of one situation
# are one: "find x and find y", "how many apples and how many pears?"
_BETWEEN = re.compile(
    r"(?<=[.?!;])\s+|(?<=[$)\]}])\s*\.\s+|,?\s+(?:and|then)\s+(?:also\s+)?(?=find (?!\$?\w\b)|compute\b"
    r"|determine\b|what\b|how (?!many\b))"
)
# "Solve x^2 = 4. Find all the roots." asks once.
_BEGINS = re.compile(
    r"\W*(?:also,?\s+|then,?\s+|next,?\s+)?"
    r"(?:find|compute|determine|calculate|evaluate|identify|what|how (?:many|much|far|long|fast|old))\b"
)

# It asks for no other value: "How do you know?"
_EXPLAINS = re.compile(
    r"\W*(?:and\s+)?(?:(?:why(?: or why not)?|explain|justify)\W*"
    r"|how (?:do|can|could|did|would) (?:you|we|they) (?:know|tell|decide|explain)\b[^?]*(?:\?\W*)?)"
)


def last_sentence(text: str) -> str:
    """Return the last sentence of a text, also where it goes on behind."""
    return _ENDS.split(text.strip())[-1]


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
        if _EXPLAINS.fullmatch(sentence):
            continue
        if sentence and (sentence.rstrip().endswith("?") or _BEGINS.match(sentence)):
            found += 1
    return found
