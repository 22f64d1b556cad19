"""Is a proof asked for?"""

import re

from still_verl.curation.rows import Row
from still_verl.curation.tokens import mentions

_PROOF = re.compile(
    r"(?:^|[.!?:;)$\]}]\s*)prove\b"
    r"|(?:^|[.!?:;,)$\]}]\s*|\b(?:and|then|or|to|hence|please|also)\s+)(?:prove|show|demonstrate|verify|justify"
    r"|disprove|deduce)"
    r"(?:\s*,?\s*(?:that|the following|or disprove|by|using|if|for|whether|there|it|this|each|all|every"
    r"|rigorously|why|is)\b|\s*:)"
    r"|\bgive (?:a|an|the) (?:\w+ )?proof\b|\bwrite (?:a|the) proof\b|\bprove (?:the|or)\b"
)
_FINDS = re.compile(
    r"\b(?:find|compute|evaluate|calculate|what is|how many|determine the (?:value|number|sum|smallest|largest))\b"
)


def proof(row: Row) -> str:
    """Drop a problem that asks for a proof, and has no value to find behind it."""
    if not mentions(row.plain, ("prov", "show", "demonstrate", "verify", "justify", "deduce", "proof")):
        return ""
    asked = None
    for asked in _PROOF.finditer(row.plain):  # noqa: B007 - the last one
        pass
    if asked is None or _FINDS.search(row.plain, asked.end()):
        return ""
    return f"it asks for a proof: {asked[0].strip()!r}"
