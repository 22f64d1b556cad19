"""Is it a whole problem?"""

import re

from still_verl.curation.rows import SCORED_BY_TESTS, Row

_WORDS_THAT_GO_ON = re.compile(
    r"\b(?:the|a|an|of|and|or|with|if|that|is|are|for|in|to|by|let|where|such|from|at|than|when|which|into"
    r"|between|each|has|have)\s*$"
)
_ASKS = re.compile(
    r"\?|\b(?:find|compute|determine|evaluate|calculate|what|how|solve|express|simplify|factor|give|write|which"
    r"|who|when|where|prove"
    r"|show|list|expand|convert|enter|name|round|state|add|subtract|multiply|divide|rationalize|complete|estimate"
    r"|use|fill|count|identify|answer"
    r"|order|graph|let|suppose|minimi[sz]e|maximi[sz]e|integrate|differentiate|reduce|why|is|are|then|if|value"
    r"|approximate|construct|obtain|derive|rewrite|make|put|locate|predict|select|choose|decide|compare|verify"
    r"|describe|explain|arrange|change|translate|plot|draw|sketch|design|discuss|must|implement|return)\b|=|_{2,}"
    r"|\\rule"
)
_LOST = re.compile(r"\[(?:missing|\.\.\.|truncated|omitted)\]|<(?:missing|unk)>|�", re.IGNORECASE)
_WORD = re.compile(r"[a-zA-Z]{2,}|\d|[+\-*/^=]|[^\x00-\x7f]")


def incomplete(row: Row) -> str:
    """Drop a problem that stops in the middle, asks nothing, or has lost a part."""
    if row.fields.kind == SCORED_BY_TESTS:
        return ""
    plain = row.plain
    lost = _LOST.search(row.problem)
    if lost:
        return f"a part of it is lost: {lost[0]!r}"
    if len(_WORD.findall(row.problem)) < 3:
        return "it has less than three words, numbers and signs"
    if _dollars_of_formulas(row.problem) % 2 and plain.endswith(("=", "\\", "+", "-", "(", "{", "^", "*", "/")):
        return "it ends in the middle of a formula"
    if _WORDS_THAT_GO_ON.search(plain):
        return f"it ends in the middle of a sentence: {plain[-40:]!r}"
    if plain.isascii() and not _ASKS.search(plain):
        return "it asks nothing"
    return ""


def _dollars_of_formulas(text: str) -> int:
    """How many dollar signs are not those of a price."""
    return len(re.findall(r"(?<!\\)\$(?!\d)", text))
