"""A process that turns formulas into trees of MathML: a line of JSON in for each, a line out.

What comes out are only elements and attributes of the two lists below, which can neither load nor run anything. A
formula that has others, that cannot be read or takes too long has `null`, and is shown as it was written.
"""

import html
import json
import re
import signal
import sys
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from still_verl.report.formulas.find import is_display, latex

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SECONDS = 0.1  # for a formula; one of a textbook takes less than a thousandth
LARGEST = 6000  # characters of a tree as JSON
DEEPEST = 60  # elements within each other

ELEMENTS = frozenset(
    "math menclose mfrac mi mmultiscripts mn mo mover mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub "
    "msubsup msup mtable mtd mtext mtr munder munderover none".split()
)
ATTRIBUTES = frozenset(
    "accent accentunder columnalign columnlines display displaystyle fence form largeop linethickness mathvariant "
    "movablelimits notation rowlines scriptlevel separator stretchy symmetric".split()
)

_SPACE = re.compile(r"-?[0-3]?(\.\d{1,4})?em")  # the width of a space that is drawn

Tree = list[Any]  # name of an element, its attributes, and its text or the trees in it


class Refused(ValueError):
    """A formula that is not drawn."""


def convert(formulas: Iterable[str]) -> Iterator[Tree | None]:
    """Yield the tree of each formula, or None; runs in a process of its own, whose alarm it uses."""
    import latex2mathml.converter  # noqa: F401  (no formula pays for it)

    signal.signal(signal.SIGALRM, _too_long)
    for formula in formulas:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        found = None
        try:
            found = tree(formula)
        except Exception:  # the converter has errors of twenty kinds
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        yield found


def tree(formula: str) -> Tree:
    """Return the tree of a formula with its delimiters.

    Raises:
        Refused: it has what is not drawn.
        Exception: any of the converter's, for what it cannot read.
    """
    from latex2mathml.converter import convert_to_element

    display = "block" if is_display(formula) else "inline"
    found = _checked(convert_to_element(latex(formula), display=display), DEEPEST)
    if len(json.dumps(found)) > LARGEST:
        raise Refused("it is too large")
    return found


def _checked(element: "Element", depth: int) -> Tree:
    if element.tag not in ELEMENTS or depth == 0:
        raise Refused(element.tag)
    attributes = {name: value for name, value in element.attrib.items() if name in ATTRIBUTES}
    if element.tag == "mspace" and _SPACE.fullmatch(element.get("width", "")):
        attributes["width"] = element.attrib["width"]
    inside: Any = [_checked(child, depth - 1) for child in element]
    text = html.unescape(element.text or "")
    if "\\" in text and element.tag != "mtext":
        raise Refused(f"{text} is no command that the converter knows")
    return [element.tag, attributes, inside or text]


def _too_long(number: int, frame: FrameType | None) -> None:
    raise Refused("it takes too long")


if __name__ == "__main__":
    for _converted in convert(json.loads(line) for line in sys.stdin):
        print(json.dumps(_converted), flush=True)
