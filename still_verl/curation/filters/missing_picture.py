"""Does it need a picture that is not there?"""

import re

from still_verl.curation.rows import Row
from still_verl.curation.tokens import FIGURE

_SPEAKS_OF_IT = re.compile(
    r"\b(?:in|from|using|use|see|of|refer(?:ring)? to|by|on|with|consider|given) (?:the |this |its )?(?:\w+ )?"
    r"(?:figure|diagram|picture|image|graph|drawing|illustration|chart|sketch|photo)\b(?!\s+of\s+(?:the\s+)?"
    r"(?:v|y|f|g|\$|equation|function|line|parabola|a\s+function|its|circle|ellipse|hyperbola|curve|quadratic|polynomial|an?\s))"
    r"|\b(?:figure|diagram|picture|image|drawing|graph|grid|table|chart) (?:shown|below|above|at (?:the )?(?:right|left)|to the (?:right|left)|here|on the (?:right|left))\b"
    r"|\b(?:shown|pictured|depicted|illustrated|drawn|indicated|displayed|graphed|plotted) (?:below|above|here|at (?:the )?(?:right|left)|in the (?:figure|diagram|picture))\b"
    r"|,? as (?:is )?(?:shown|pictured|depicted|illustrated)(?=[.,:;]|\s*$| (?:in|below|above|at|on|here))|\b(?:is|are) (?:shown|pictured|depicted|illustrated)[.,]"
    r"|\bthe (?:figure|diagram|picture|image|drawing|illustration) (?:shows|depicts|represents|below|above|consists|is)\b"
    r"|\bthe shaded (?:region|area|part|portion)\b(?! (?:is|are) (?:bounded|between|inside|outside|defined))"
)
_IS_THERE = re.compile(r"\\begin\{(?:tabular|array|tikzpicture|picture|asy|matrix|pmatrix)\}|\[asy\]|<svg|!\[[^\]]*\]\(data:|\|\s*-{3,}|\|.*\|.*\n.*\|")
_IS_LINKED = re.compile(r"!\[[^\]]*\]\(https?:|\\includegraphics|<img\b|\[(?:image|figure|img|diagram)[^\]]{0,40}\]|https?://\S+\.(?:png|jpg|jpeg|gif|svg)", re.IGNORECASE)


def missing_picture(row: Row) -> str:
    """Drop a problem that speaks of a picture, and has no code that draws it; a link is no picture for a language model."""
    linked = _IS_LINKED.search(row.problem)
    if linked:
        return f"its picture is only a link: {linked[0]!r:.60}"
    if FIGURE.search(row.problem) or _IS_THERE.search(row.problem):
        return ""
    spoken = _SPEAKS_OF_IT.search(row.plain)
    if spoken is None:
        return ""
    return f"it speaks of a picture: {spoken[0].strip(' ,.')!r}"
