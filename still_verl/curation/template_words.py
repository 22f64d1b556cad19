r"""Says whether a text may be a part of a template: it speaks of how to answer, and of nothing else.

A template is the same around each problem. So it asks nothing itself, and has no numbers, formulas or letters for
values. A sentence of it that does not speak of answering is the problem's.
"""

import re

# What a template may have that looks like a formula: the box, `$Answer`, tags, a written line break, abbreviations.
_MARKUP = re.compile(
    r"\$?(?:\\\()?\\+(?:boxed|fbox)(?:\s*\{[^{}]*\})?(?:\\\))?\$?|\$(?:final_)?answer\b\$?|</?\w+/?>"
    r"|\\n(?![a-z])|\b(?:e\.g|i\.e)\b",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
# Also a letter that stands for a value: all but the words "a" and "I".
_FORMULA = re.compile(r"[=^<>+$\\]|(?<![\w'’])[b-hj-zB-HJ-Z](?![\w'’])")
_ASKS = re.compile(
    r"\?|\b(?:find|compute|calculate|evaluate|determine|simplify|factor|prove|show that|what(?:'s| is| are| was)|who"
    r"|which|how (?:many|much|far|fast|long|old|often|large|big|high)|in terms of)\b",
    re.IGNORECASE,
)
_OF_ANSWERING = re.compile(
    r"answer|repl(?:y|ies)|respon[ds]|box|step|reason|think|thought|solv|solution|problem|question|output|format|final"
    r"|instruction|assistant|user|human|tag",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(r"[.:;!]+(?=\s|\Z)|\n")
_LETTER = re.compile(r"[^\W\d_]")


def is_template(text: str) -> bool:
    r"""Return whether a text speaks of how to answer alone, and may be left out of a problem.

    Example:
        >>> is_template(r"Please reason step by step, and put your final answer within \boxed{}.")
        True
        >>> is_template("Solve the following problem about trains: a train goes at a constant speed.")
        False
    """
    rest = _MARKUP.sub(" ", text)
    if _DIGIT.search(text) or _FORMULA.search(rest) or _ASKS.search(rest):
        return False
    return all(map(_speaks_of_answering, _CLAUSE_ENDS.split(text)))


def _speaks_of_answering(clause: str) -> bool:
    return not _LETTER.search(clause) or bool(_OF_ANSWERING.search(clause))
