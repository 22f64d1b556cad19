"""Is an opinion, an example or an explanation asked for, of which there are many?"""

import re

from still_verl.curation.rows import Row
from still_verl.curation.tokens import mentions

_OPEN = re.compile(
    r"\b(?:explain (?:why|how|your|the|what|in)|describe (?:how|the (?:difference|relationship|process|method|steps))"
    r"|discuss|in your own words|give an? example|provide an? example|give examples|what do you think"
    r"|do you agree|compare and contrast"
    r"|write an? (?:story|essay|program|paragraph|poem|word problem|python|function to)|design an?|propose an?"
    r"|come up with"
    r"|sketch|draw (?:a|an|the)|plot the|graph the (?:function|equation|line|following)|justify your"
    r"|interpret the|construct an? (?:example|algorithm|triangle)"
    r"|elaborate|summari[sz]e|answers (?:may|will) vary)\b"
)
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
)
_FINDS = re.compile(
    r"\b(?:find|compute|evaluate|calculate|what is|how many|determine|how much|what (?:\w+ )?(?:number|value"
    r"|percent)\w*)\b"
)


def open_ended(row: Row) -> str:
    """Drop a problem whose last request is for something that many texts would fulfil."""
    if not mentions(row.plain, _BEGINNINGS):
        return ""
    asked = None
    for asked in _OPEN.finditer(row.plain):  # noqa: B007 - the last one
        pass
    if asked is None or _FINDS.search(row.plain, asked.end()):
        return ""
    return f"it asks for a text: {asked[0]!r}"
