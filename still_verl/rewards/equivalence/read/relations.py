"""Names, equations, orderings, ratios and vectors, as far as they have no parts to interpret."""

import re

from still_verl.rewards.equivalence.answer_types import Collection, Equation, Formula, Interpretations, Named, Relation
from still_verl.rewards.equivalence.evaluate import CONSTANTS
from still_verl.rewards.equivalence.identity import identical
from still_verl.rewards.equivalence.node import Node, Unreadable, number
from still_verl.rewards.equivalence.parse import parse
from still_verl.rewards.equivalence.read.operators import NAMING, RUNNING
from still_verl.rewards.equivalence.read.splitting import places, split, unwrap
from still_verl.rewards.equivalence.read.units import read_formula, take_unit
from still_verl.rewards.equivalence.read.words import says_little

_SIGNS = "<>≤≥≠∪∩⋀⋁∥⊥="
_RATIO = re.compile(r"[^:]+(?::[^:]+)+")
# What geometry names: angles, segments, triangles, means and vectors; an inverse matrix, a derivative.
_POINTS = re.compile(
    r"[A-Z]\^\{?-1\}?|\\frac\s*\{d\s*[a-z]\}\s*\{d\s*[a-z]\}|m?\s*\\(?:measured|spherical)?angle\s*\{?\s*‹?[A-Z]{1,3}›?\s*\}?|\|?[A-Z]{2,3}'?\|?"
    r"|\\(?:overline|triangle|widehat|hat|bar|vec)\s*\{?\s*[A-Za-z]{1,3}'?\s*\}?"
)
# A probability, a mean, the value of a function: `P(A ∩ B)`, `f(-2)`.
_VALUE = re.compile(r"(?:[fghFGHPEp]|Pr|‹(?:E|P|Pr|Var)›|\\Pr)'*\s*[(\[][^()\[\]+*/^]+[)\]]")
_RESIDUE = re.compile(r"(?:([^≡]+)≡)?\s*(-?\d{1,40})[\s(]*‹mod›[\s({]*(\d{1,40})[\s)}]*")
_QUOTED = re.compile("‹[^›]*›")
TIME_OF_DAY = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)$")  # `3:60` is none, and so a ratio
_DATE = re.compile(r"\d{4}(-)\d\d-\d\d|\d{1,2}(/)\d{1,2}/\d{4}")

AXES = ("e_1", "e_2", "e_3")  # what `normalize` writes for bold or hatted i, j and k


def is_name(text: str) -> bool:
    """Say whether `text` can name an answer: a symbol, a tuple of symbols, points (`AB`), a limit, or words."""
    inside = unwrap(text, "(", ")")
    parts = split(inside or "", ",")
    if len(parts) > 1:
        return all(map(is_name, parts))
    if _POINTS.fullmatch(text) or _VALUE.fullmatch(text):
        return True
    if NAMING.match(text):
        # With more beside it, it is an equation to be solved. What runs goes on to the end: `\lim_{n→∞} 1/n`
        return not any(places(text, "+-" if RUNNING.match(text) else "+-*/"))
    try:
        return parse(text).kind == "symbol"
    except Unreadable:
        return text.startswith("‹") and _names_in_words(text)


def _names_in_words(text: str) -> bool:
    """Whether words name something, with a symbol beside them at most: not `‹constant› 7, n`."""
    beside = _QUOTED.sub(" ", text).strip(" ,:")
    return says_little(text) and (not beside or is_name(beside))


def read_relation(text: str) -> Interpretations:
    """Read `a > b = c`, `p ⋀ q` or `A ∪ B`, whatever the sides are; nothing without such a sign, but for `=`."""
    signs = "".join(text[at] for at in places(text, _SIGNS))
    if not signs.strip("="):
        return ()
    return (Relation(tuple(map(read_formula, split(text, _SIGNS))), signs),)


def read_equation(sides: list[str]) -> Interpretations:
    """Read an equation; a computation such as `2 + 3 = 5` is what comes out of it."""
    result = read_formula(sides[-1])
    try:
        left = parse(sides[0])
        if not left.symbols() and result.node and not result.node.symbols().difference(CONSTANTS):
            return (result,)
        return (Equation(left, parse(sides[-1])),)  # one with a unit would lose it, and what it multiplies
    except Unreadable:
        return ()


def read_ratio(text: str) -> Interpretations:
    """Read `a:b` as the quotient, `10:30 pm` as a time of day, and a ratio of more parts as quotients by the last."""
    if not _RATIO.fullmatch(text) or "⦃" in text:
        return ()
    text, unit = take_unit(text)
    time = _read_time(text, unit)
    if unit in ("am", "pm"):
        return time
    try:
        *parts, last = [parse(part.strip()) for part in text.split(":")]
    except Unreadable:
        return ()
    if number(0) in parts:  # `0:51` is a time alone
        return time
    shares = tuple((Formula("", Node("/", (part, last)), unit),) for part in parts)
    if len(shares) > 1:
        return (Collection(shares, "()"),)
    return shares[0] + time


def _read_time(text: str, unit: str) -> Interpretations:
    """The hour and the minute of `10:30`."""
    found = TIME_OF_DAY.fullmatch(text)
    if not found:
        return ()
    hour, minute = _count(int(found[1]), unit), _count(int(found[2]), unit)
    return (Collection((hour, minute), ":"),)


def read_date(text: str) -> Interpretations:
    """Read `2024-05-17` or `5/17/2024` as its numbers: as a formula it would be another date's value, too."""
    found = _DATE.fullmatch(text)
    if not found:
        return ()
    sign = found[1] or found[2]
    return (Collection(tuple(_count(int(part)) for part in text.split(sign)), sign),)


def _count(value: int, unit: str = "") -> Interpretations:
    return (Formula("", number(value), unit),)


def read_residue(text: str) -> Interpretations:
    """Read `3 mod 7` as a pair, the least residue and its modulus, and `x ≡ 3 mod 7` as the name of one."""
    found = _RESIDUE.fullmatch(text)
    if not found:
        return ()
    name, modulus = found[1], int(found[3])
    if modulus < 2:  # modulo 1 all numbers are the same
        return ()
    if name and "‹" in name and not _names_in_words(name):
        return ()
    residue = Collection((_count(int(found[2]) % modulus), _count(modulus)), "mod")
    if not name:
        return (residue,)
    return (Named(name.strip(), (), (residue,)),)


def read_vector(formula: Formula) -> Interpretations:
    """Read a formula that is linear in the unit vectors as the tuple of its components: three with k, else two."""
    node = formula.node
    if node is None or not node.symbols().intersection(AXES):
        return ()
    axes = AXES if AXES[2] in node.symbols() else AXES[:2]
    units = [{**dict.fromkeys(AXES, number(0)), axis: number(1)} for axis in axes]
    components = [node.with_symbols(unit) for unit in units]
    total = number(0)
    for axis, component in zip(axes, components, strict=True):
        total = Node("+", (total, Node("*", (component, Node("symbol", name=axis)))))
    if not identical(node, total):
        return ()
    items = tuple((Formula("", component),) for component in components)
    return (Collection(items, "()"),)
