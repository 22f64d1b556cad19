"""Where formulas are in what a model wrote. The script of the page reads texts with the same expression."""

import re
from collections.abc import Iterable

LONGEST = 300  # characters of a formula; a longer one is shown as it was written
MOST = 20_000  # different formulas of a page

_INSIDE = rf"[\s\S]{{1,{LONGEST}}}?"
# Of both languages, Python's and JavaScript's. Dollars are those of a formula as in Pandoc: no space inside them, and
# no digit after the second. So "$5 and $10" are prices.
PATTERN = "|".join(
    (
        rf"\$\$(?:{_INSIDE})\$\$",
        rf"\\\[(?:{_INSIDE})\\\]",
        rf"\\\((?:{_INSIDE})\\\)",
        rf"(?<![\\$A-Za-z0-9])\$(?![\s$])(?:[^$\n]{{1,{LONGEST}}}?)(?<![\s\\])\$(?![$A-Za-z0-9])",
    )
)
_FORMULA = re.compile(PATTERN)


def formulas_in(texts: Iterable[str]) -> list[str]:
    """Return the different formulas of texts, with their delimiters, in order; at most `MOST`."""
    found: dict[str, None] = {}
    for text in texts:
        found |= dict.fromkeys(_FORMULA.findall(text))
        if len(found) >= MOST:
            break
    return list(found)[:MOST]


def is_display(formula: str) -> bool:
    """Say whether a formula has a line of its own, by its delimiters."""
    return formula.startswith(("$$", r"\["))


def latex(formula: str) -> str:
    """Return a formula without its delimiters."""
    if formula.startswith("$") and not formula.startswith("$$"):
        return formula[1:-1]
    return formula[2:-2]
