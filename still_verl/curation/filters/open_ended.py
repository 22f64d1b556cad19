"""Is an opinion, an example or an explanation asked for, of which there are many?"""

import re

from still_verl.curation.rows import Row
from still_verl.curation.tokens import mentions

_OPEN = re.compile(
    r"(?:^|[.!?:;,)$\]}]\s*|\b(?:and|then|or|please|also|briefly)\s+)"
    r"(?:explain|describe|discuss|elaborate|summari[sz]e|sketch|draw (?:a|an|the)|plot the"
    r"|graph the (?:function|equation|line|following)|justify your|interpret the|design an?|propose an?|come up with"
    r"|(?:give|provide) (?:an? )?examples?|compare and contrast"
    r"|write an? (?:story|essay|program|paragraph|poem|word problem|python|function to)"
    r"|construct an? (?:example|algorithm|triangle))\b"
    r"|\b(?:in your own words|what do you think|do you agree|how would you|answers (?:may|will) vary)\b|\bwhy ?\?"
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
    "would you",
    "why",
)
_FINDS = re.compile(
    r"(?:^|[.!?:;,)$\]}]\s*|\b(?:and|then|or|please|also)\s+)(?:find|compute|evaluate|calculate|determine|solve|express"
    r"|simplify|write down|estimate)\b"
    r"|\bus(?:e|ing)\b[^.?!]{0,60}\bto (?:find|compute|evaluate|estimate|calculate|determine)\b"
    r"|\b(?:what (?:is|are)|how (?:many|much|long|far|old|fast)|what (?:\w+ )?(?:number|value|percent)\w*)\b"
)


def open_ended(row: Row) -> str:
    """Drop a problem that asks only for something that many texts would fulfil."""
    if not mentions(row.plain, _BEGINNINGS):
        return ""
    asked = _OPEN.search(row.plain)
    # With a value beside it ("find the limit and explain your answer") a rule compares the value.
    if asked is None or _FINDS.search(row.plain):
        return ""
    return f"it asks for a text: {asked[0].strip()!r}"
