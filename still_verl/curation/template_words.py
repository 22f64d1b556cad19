r"""Says whether a text may be a part of a template: it speaks of how to answer, and of nothing else.

A template is the same around each problem. So it asks nothing itself, and has no numbers, formulas or letters for
values. A sentence of it that does not speak of answering is the problem's. So is one with a word that known templates
have not: "a coin", or "to the nearest hundredth", which says what form the value has.
"""

import re

# What a template may have that looks like a formula: the box, `$Answer`, tags, a written line break, abbreviations.
_MARKUP = re.compile(
    r"\$?(?:\\\()?\\+(?:boxed|fbox)(?:\s*\{[^{}]*\})?(?:\\\))?\$?|\$(?:final_)?answer\b\$?|</?\w+/?>"
    r"|\\n(?![a-z])|\b(?:e\.g|i\.e)\b",
    re.IGNORECASE,
)
# Said in templates with words that would be a problem's elsewhere.
_KNOWN = re.compile(
    r"\babout (?:it|the (?:reasoning|problem|question))\b"
    r"|\bfor closed-form results like multiple choices or mathematical solutions\b"
    r"|\bwhere answer is just the final number or expression that solves the problem\b|\bi hope it is correct\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_WORDS = frozenset(
    """a an the and or of to in on at as by for from with within inside between using use used into after before then
    that this these it its it's is are be must should will can may do does don't not only also if when where while
    once any all each your you i me we us let let's please kindly now here below above following follows follow
    just first finally last end own without answer answers question questions problem problems task tasks solve
    solves solving solved solution solutions reply replies respond responds response responses box boxed step
    steps stepwise step-by-step reason reasons reasoning think thinks thinking thought thoughts output outputs
    format formats formatted formatting form final instruction instructions assistant assistant's user user's
    human tag tags line lines single new separate quotes result results put place enclose enclosed wrap wrapped
    write written provide provides providing give gives giving present presented presenting return returned show
    showing state explain explanation describes remember sure make ensure need include including containing work
    process approach carefully careful clearly clear concise concisely efficiently thorough thoroughly systematic
    systematically logical logically detailed detail correct correctly accurate accurately complete appropriately
    request completes applicable possible math maths mathematics mathematical latex markdown text mind
    conversation asks ask respectively answering express therefore choice letter other given""".split()
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
        >>> is_template(r"Round your answer to the nearest hundredth, and put it within \boxed{}.")
        False
    """
    rest = _KNOWN.sub(" ", _MARKUP.sub(" ", text))
    if _DIGIT.search(text) or _FORMULA.search(rest) or _ASKS.search(rest):
        return False
    if not _WORDS.issuperset(_WORD.findall(rest.lower())):
        return False
    return all(map(_speaks_of_answering, _CLAUSE_ENDS.split(text)))


def _speaks_of_answering(clause: str) -> bool:
    return not _LETTER.search(clause) or bool(_OF_ANSWERING.search(clause))
