"""Is a proof asked for?"""

import re

from still_verl.curation.filters.asking import VERBS
from still_verl.curation.filters.several_parts import several_parts
from still_verl.curation.rows import Row
from still_verl.curation.tokens import mentions

_PROOF = re.compile(
    r"(?:^|[.!?:;)$\]}]\s*)prove\b"
    r"|(?:^|[.!?:;,)$\]}]\s*|\b(?:and|then|or|hence|please|also)\s+)(?:prove|show|demonstrate|verify|justify"
    r"|disprove|deduce|establish)"
    r"(?:\s*,?\s*(?:that|the following|or disprove|by|using|if|for|there|it|this|each|all|every"
    r"|rigorously|why(?! or why)|is)\b(?! or not)|\s*:)"
    r"|(?:^|[.!?:;]\s+)(?:verify the|check that)\b"
    # "Show $a + b > 2$", but not "Show $45$ as a product"
    r"|(?:^|[.!?:;,)$\]}]\s*|\b(?:and|then|hence)\s+)(?:prove \$|show \$[^$]{0,200}[=<>≤≥])|\bto prove:"
    r"|\bgive (?:a|an|the) (?:\w+ )?proof\b|\bwrite (?:a|the) proof\b|\bprove (?:the|or)\b"
)
_FINDS = re.compile(
    r"\b(?:find|compute|evaluate|calculate|what (?:is|are|fraction|percent)|how (?:many|much|long|far)"
    r"|determine the (?:value|number|sum|smallest|largest))\b"
    r"|(?:[.,;]\s+|\b(?:and|then|hence)\s+)(?:(?:solve|simplify|factor|expand|differentiate)\b"
    r"|(?:determine|state|give|write down) (?:\$|(?:its|the|all|their)\b))"
    r"|[.?!]\s+(?:which|who)\b"
)
# A question before the proof has an answer of its own, unless it asks what is to be proved.
_ASKED_BEFORE = re.compile(
    r"\b(?:what (?:is|are|was)|how (?:many|much|long|far|old)|for (?:which|what))\b[^.?!]{0,400}\?"
    r"|(?:^|[.?!;]\s+)(?:which|who)\b[^.?!]{0,400}\?"
    r"|(?:^|[.?!;]\s+|,\s+|\band\s+)(?:find|compute|evaluate|calculate|determine|solve|simplify|factor|expand"
    r"|differentiate)\b(?! (?:whether|if))"
)
# "Combine the equations to show that ...", but not "Experiments were made to show that ..."
_TO = re.compile(
    rf"(?:(?:^|[.!?:;]\s+)(?:{VERBS})\b|\b(?:us(?:e|ing)|asked) )[^.?!]{{0,80}}"
    r"\bto (?:prove|show (?:that|why|\$|the following)|demonstrate|verify|justify|deduce)"
)


def proof(row: Row) -> str:
    """Drop a problem that asks for a proof, and has no value to find behind it."""
    if not mentions(
        row.plain, ("prov", "show", "demonstrate", "verify", "check", "justify", "deduce", "establish", "proof")
    ):
        return ""
    asked = None
    for asked in _PROOF.finditer(row.plain):  # noqa: B007 - the last one
        pass
    asked = asked or _TO.search(row.plain)
    if asked is not None and _ASKED_BEFORE.search(row.plain, 0, asked.start() + 1):
        return ""
    if asked is not None and several_parts(row):
        return ""
    if asked is None or _FINDS.search(row.plain, asked.end()):
        return ""
    return f"it asks for a proof: {asked[0].strip()!r}"
