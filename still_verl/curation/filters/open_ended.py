"""Is an opinion, an example or an explanation asked for, of which there are many?"""

import re

from still_verl.curation.rows import Row
from still_verl.curation.tokens import mentions

_OPEN = re.compile(
    r"(?:^|[.!?:;,)$\]}]\s*|\b(?:and|then|or|please|also|briefly)\s+)"
    r"(?:explain|describe|discuss|elaborate|summari[sz]e|sketch|draw (?:a|an|the)|plot the"
    r"|graph the (?:function|equation|line|following)|justify your|interpret the|design an?|propose an?|come up with"
    r"|(?:give|provide) (?:an? |two |three |some )?examples?|compare and contrast"
    r"|write an? (?:story|essay|program|paragraph|poem|word problem|python|function to)"
    r"|construct an? (?:example|algorithm|triangle))\b"
    r"|\b(?:in your own words|what do you think|do you agree|how would you|answers (?:may|will) vary)\b|\bwhy ?\?"
)
# Why something is so has no value, whatever else is asked.
_WHY = re.compile(r"(?:^|[.?!]\s+|,\s+and\s+)(?:so\s+)?why (?!or why not)[^.?!]{3,200}\?")
_DRAWS = re.compile(
    r"(?:^|[.?!:;,)$]\s*|\band\s+)(?:draw|construct|create|make|sketch|prepare|produce|complete) (?:an?|the|your) "
    r"(?:[\w-]+ ){0,3}(?:graph|chart|diagram|histogram|plot|boxplot|picture|number line)s?\b"
    r"|\bgraph the (?:\w+ )?inequalit"
    r"|(?:^|[.?!]\s*)(?:construct|create|make up|write|pose|invent) (?:an?|your own) (?:word )?problem\b"
)
# What the whole request is: its verb begins the last sentence.
_TEXT_ASKED = re.compile(
    r"(?:^|[.?!]\s+)(?:in (?:\w+ ){0,4}words,? )?"
    r"(?:define(?![^.?!]*(?:=|\b(?:as|by|if|to be|to mean|to denote)\b))|distinguish|contrast|outline|detail|comment on"
    r"|suggest|recommend|speculate|critique|summari[sz]e|interpret|prepare an?|identify an?|propose"
    r"|provide (?:two|three|some))\b[^.?!]*[.!]?\s*$"
)
# "Would it be connected or disconnected? Explain.": the case can be compared.
_ASKS_WHETHER = re.compile(r"(?:^|[;:,])\s*(?:is|are|does|do|did|can|could|would|will|should|was|were|has|have)\b")
_ENDS = re.compile("[.!]")
_YES_OR_NO = re.compile(r"\W*(?:yes|no|true|false)\b", re.IGNORECASE)
_BEGINNINGS = (
    "expla",
    "descri",
    "discuss",
    "words",
    "example",
    "think",
    "agree",
    "compare",
    "write a",
    "design",
    "propose",
    "come up",
    "sketch",
    "draw ",
    "plot the",
    "graph the",
    "justify",
    "interpret",
    "construct",
    "elaborate",
    "summari",
    "vary",
    "would you",
    "why",
    "define",
    "distinguish",
    "contrast",
    "outline",
    "detail",
    "comment on",
    "suggest",
    "recommend",
    "speculate",
    "critique",
    "prepare",
    "identify a",
    "provide",
    "create",
    "make ",
    "produce",
    "complete ",
    "a problem",
    "own problem",
    "word problem",
)
_FINDS = re.compile(
    r"(?:^|[.!?:;,)$\]}]\s*|\b(?:and|then|or|please|also)\s+)(?:find|compute|evaluate|calculate|determine|solve|express"
    r"|simplify|write down|estimate)\b"
    r"|\bus(?:e|ing)\b[^.?!]{0,60}\bto (?:find|compute|evaluate|estimate|calculate|determine)\b"
    r"|\b(?:what (?:is|are)|how (?:many|much|long|far|old|fast)|what (?:\w+ )?(?:number|value|percent)\w*)\b"
)
# What has a short answer that can be compared, with an explanation beside it: "Who is right? Explain."
_ASKS_SHORTLY = re.compile(
    r"(?:^|[.?!;,]\s+|\band\s+)(?:(?:which|who|when|where)\b[^.?!]{0,300}\?"
    r"|(?:convert|expand|factor|differentiate|integrate|state|write)\b)"
)
_SHORT = 4  # words of an answer


def open_ended(row: Row) -> str:
    """Drop a problem that asks only for something that many texts would fulfil."""
    if not mentions(row.plain, _BEGINNINGS):
        return ""
    finds = _FINDS.search(row.plain) is not None
    draws = None if finds and _is_short(row) else _DRAWS.search(row.plain)
    text = _TEXT_ASKED.search(row.plain) or draws or _WHY.search(row.plain)
    if text is not None:
        return f"it asks for a text: {text[0].strip()!r:.60}"
    asked = _OPEN.search(row.plain)
    # With a value beside it ("find the limit and explain your answer") a rule compares the value.
    if asked is None or finds or _names_cases(row.plain):
        return ""
    if _is_short(row) and _ASKS_SHORTLY.search(row.plain):
        return ""
    if row.right_answers and _YES_OR_NO.match(row.right_answers[0]):
        return ""
    return f"it asks for a text: {asked[0].strip()!r}"


def _is_short(row: Row) -> bool:
    return bool(row.right_answers) and len(row.right_answers[0].split()) <= _SHORT


def _names_cases(plain: str) -> bool:
    """Whether a question names the cases of which one is its answer."""
    for asked in plain.split("?")[:-1]:
        question = _ENDS.split(asked)[-1].lstrip()
        whether = _ASKS_WHETHER.search(question)
        if whether and " or " in question[whether.end() :]:
            return True
    return False
