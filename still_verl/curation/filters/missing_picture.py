"""Does it need a picture that is not there?"""

import re

from still_verl.curation.rows import Row
from still_verl.curation.tokens import FIGURE, mentions

# Where a picture is: "the graph below", but not "the graph below the x-axis" or "the image on the right side".
_PLACE = (
    r"(?:shown\b|(?:below|above)\b(?! (?:the|an?|\$|\d|\w{1,2}\b))|here\b"
    r"|(?:at|to|on) (?:the )?(?:right|left)\b(?! (?:of|side)))"
)
_SPEAKS_OF_IT = re.compile(
    r"\b(?:in|from|using|use|see|refer(?:ring)? to|with|consider|given) (?:the |this )(?:\w+ )?(?:figure|diagram"
    r"|picture|illustration|chart)\b(?! (?:bounded|enclosed|formed|made)\b)"
    r"|\bsee (?:figure|diagram|picture|image|drawing)\b"
    # not: a figure 8, a figure 6 feet tall
    r"|(?:^|[.?!(,]\s?|\b(?:in|see|from|of|by|to|and|use|using|consider) )(?:figure|fig\.|diagram) ?(?:\d|\([a-z]\))"
    r"|\b(?:figure|diagram) \d+[.(]\w"
    r"|\b(?:according to|based on|look at|refer to) the (?:\w+ )?graph\b(?! of)"
    rf"|\b(?:figure|diagram|picture|image|drawing|graph|grid|chart|map) {_PLACE}"
    rf"|\b(?:pictured|depicted|illustrated|drawn) (?:{_PLACE}|in the (?:figure|diagram|picture)\b)"
    r"|,? as (?:is )?(?:shown|pictured|depicted|illustrated)(?=[.,:;]|\s*$| (?:in the (?:figure|diagram|picture"
    r"|image)|at|on|here))"
    # not: if a 6 is shown, the player wins
    r"|(?<!that )(?<!\d )\b(?:is|are) (?:shown|pictured|depicted|illustrated)(?:\.|,"
    r"| (?:below|above|here|at (?:the )?(?:right|left)))"
    r"|\bthe (?:figure|diagram|picture|illustration|drawing) (?:shows|depicts|represents|below|above)\b"
    r"|\bthe shaded (?:region|area|part|portion|sector|square|triangle|circle)s?\b(?! (?:is|are) (?:bounded"
    r"|between|inside|outside|defined))"
)
# "A block slides down an incline (see the figure)": the text says it, too.
_BY_THE_WAY = re.compile(r"\((?:as )?(?:see|refer to|shown in|cf)\b[^()]*\)")
# "The ring between the two circles is shaded": it need not be seen.
_SAYS_WHAT_IS_SHADED = re.compile(r"\b(?:is|are) (?:then )?shaded\b(?! (?:in|on|as|below|above)\b)")
_NUMBERS = 6  # of a list or table that is in the text
# A list, a table or a formula may be what is "shown below".
_SHOWN = re.compile(r"\\\[|\$\$|\\bullet|\\begin\{|\n\s*[-*\d•]")
_WORDS = (
    "fig",
    "diagram",
    "picture",
    "image",
    "illustrat",
    "chart",
    "shown",
    "shaded",
    "depict",
    "drawn",
    "below",
    "above",
    "graph",
    "drawing",
    "grid",
    "map ",
)
_LINKS = ("![", "http", "includegraphics", "<img", "<im", "<fi", "[i", "[I", "[f", "[F", "[d", "[D")
_MAY_BE_TEXT = re.compile(r"(?:shown|below|above|here)")
_IS_THERE = re.compile(
    r"\\begin\{(?:tabular|array|tikzpicture|picture|asy|matrix|pmatrix)\}|\[asy\]|<svg|!\[[^\[\]]*\]\(data:"
)
_IS_LINKED = re.compile(
    r"!\[[^\[\]]*\]\(https?:|\\includegraphics"
    r"|<im(?:g|age)[ _]?\d*[^<>]{0,80}>|<fig(?:ure)?[ _]?\d*>|\[(?:image|figure|img|diagram)[^\]]{0,40}\]"
    r"|https?://\S{1,300}\.(?:png|jpg|jpeg|gif|svg)",
    re.IGNORECASE,
)


def missing_picture(row: Row) -> str:
    """Drop a problem that speaks of a picture without code that draws it; a link is no picture for a language model."""
    if not mentions(row.plain, _WORDS) and not mentions(row.problem, _LINKS):
        return ""
    linked = _IS_LINKED.search(row.problem)
    if linked:
        return f"its picture is only a link: {linked[0]!r:.60}"
    if FIGURE.search(row.problem) or _IS_THERE.search(row.problem) or _has_table(row.problem):
        return ""
    plain = _BY_THE_WAY.sub(" ", row.plain)
    says_what_is_shaded = _SAYS_WHAT_IS_SHADED.search(plain) is not None
    found = (one for one in _SPEAKS_OF_IT.finditer(plain) if not (says_what_is_shaded and "the shaded" in one[0]))
    spoken = next(found, None)
    if spoken is None:
        return ""
    is_named = re.search(r"fig(?:ure|\.)|diagram|picture|image|drawing|illustration|shaded", spoken[0])
    if not is_named and _MAY_BE_TEXT.search(spoken[0]) and _SHOWN.search(row.problem):
        return ""
    if not is_named and len(re.findall(r"\d+(?:\.\d+)?", plain[spoken.start() :])) >= _NUMBERS:
        return ""
    return f"it speaks of a picture: {spoken[0].strip(' ,.')!r}"


def _has_table(text: str) -> bool:
    """Whether two lines below each other have columns."""
    columns = [line.count("|") for line in text.split("\n")]
    return any(above > 1 and below for above, below in zip(columns, columns[1:], strict=False))
