"""From text to the kinds of answer it may be. Each reader takes one kind, and gives nothing when it is not that."""

import re
from functools import lru_cache

from still_verl.rewards.equivalence.answer_types import Collection, Equation, Formula, Matrix, Named, Ordering, Readings
from still_verl.rewards.equivalence.node import Node, Unreadable
from still_verl.rewards.equivalence.normalize import tight
from still_verl.rewards.equivalence.parse import parse
from still_verl.rewards.equivalence.read.congruence import read_congruence
from still_verl.rewards.equivalence.read.enumeration import MAX_ITEMS, choices, permuted, without_dots
from still_verl.rewards.equivalence.read.regions import read_region
from still_verl.rewards.equivalence.read.splitting import split, unwrap
from still_verl.rewards.equivalence.read.units import read_formula, without_thousands
from still_verl.rewards.equivalence.read.words import (
    read_clock,
    read_count,
    read_everything,
    read_nothing,
    read_words,
    spoken_inequality,
)

MAX_DEPTH = 5

_INEQUALITY = re.compile("[<>≤≥≠∈]")
_SET_OPERATION = re.compile("[∪∩∖]|[)\\]⦄]\\s*-\\s*⦃")
_FUNCTION = re.compile(r"(\\?[A-Za-z]+(?:_\{?\w+\}?)?'*)\s*\(\s*([a-z](?:\s*,\s*[a-z])*)\s*\)")
_LABEL = re.compile(r"((?:‹[^›]*›|[A-Za-z])\s*)+:\s*(?=\S)")
# Only a name or prose comes before the verb, and nothing that denies.
_STATEMENT = re.compile(
    r"(?!.*‹[^›]*\b(?:not|no|nor|than)\b)(?:(?:‹[^›]*›|[a-zA-Z])\s*)*‹(?:[^›]*\s)?(?:is|are|equals)›\s*(?=\S)"
)
_REMARK = re.compile(r"(?<=[\s\d})])\(\s*‹(?!mod\b|base\b)[^›]{2,}›[^()]*\)$")
_QUANTIFIER = re.compile(
    r"^(?:‹for›\s*)?‹(?:for )?(?:all|any|every|each)(?: real)?(?: numbers?| integers?| values?)?›\s*"
    r"(?:‹(?:real|of|(?:real )?(?:numbers?|integers?|values?)(?: of)?)›\s*)*(?=[a-z]\s*[<>≤≥≠])"
)
_POSITIVE = re.compile(r"\b(?:positive|natural) ?(?=[^<>≤≥≠]*[≥>]\s*\d+$)")
_RATIO = re.compile(r"[^:‹]+(?::[^:‹]+)+")


@lru_cache(maxsize=4096)
def read(text: str, depth: int = 0) -> Readings:
    """All readings of `text`, which is in the dialect of `spelling`; a formula or prose when it is nothing else."""
    if depth > MAX_DEPTH or not text:
        return ()
    text = unwrap(text, "{", "}") or text if "," not in text else text
    if count := read_count(text):
        return (read_formula(count),)
    text = _REMARK.sub("", text).rstrip()
    fixed = read_nothing(text) or read_everything(text) or read_clock(text) or read_congruence(text)
    ratio = read_ratio(text)
    if fixed or ratio:
        return fixed + ratio
    if spoken := spoken_inequality(text):
        return read_region(spoken)
    exact = read_approximation(unquantified(text))
    return read_structure(exact, depth) or read_prose_or_formula(exact)


def unquantified(text: str) -> str:
    """`‹all› n ≥ 3` as `n ≥ 3`; "positive" says nothing more where the bound does."""
    return _QUANTIFIER.sub("", _POSITIVE.sub("", text).replace("‹›", "")) if text.startswith("‹") else text


def read_approximation(text: str) -> str:
    """The exact side of `exact ≈ decimal`; `x ≈ 3` as `x = 3`."""
    sides = [side for side in split(text, "≈") if side]
    if len(sides) == 2 and is_label(sides[0]):
        return f"{sides[0]}={sides[1]}"
    return sides[0] if sides else ""


def read_structure(text: str, depth: int) -> Readings:
    """What brackets, separators and relations make of `text`; nothing when it has none."""
    if _SET_OPERATION.search(text):
        return read_region(text)
    if len(excluded := choices(text)) > 1 and len(split(text, "≠")) == 2:
        text = "∧".join(excluded)
    inequality = len(split(text, "<>≤≥≠∈")) > 1
    if inequality:
        return (read_region(text) or read_membership(text, depth)) + read_ordering(text)
    grouped = without_thousands(text)
    if grouped != text:  # the comma of `1,234` may separate thousands or items
        return read_list(text, depth) + read(grouped, depth + 1)
    return (
        read_list(text, depth) or read_relation(text, depth) or read_signs(text, depth) or read_bracketed(text, depth)
    )


def read_prose_or_formula(text: str) -> Readings:
    formula = read_formula(text)
    return (formula,) if formula.node else read_words(text) or (formula,)


def read_membership(text: str, depth: int) -> Readings:
    """`x ∈ S` as S."""
    parts = split(text, "∈")
    return read(parts[1], depth + 1) if len(parts) == 2 else ()


def read_ordering(text: str) -> Readings:
    """`a > b ≥ c`, whatever the sides are."""
    sides = tuple(map(read_formula, split(text, "<>≤≥≠")))
    if any(side.node is None for side in sides):
        return ()
    return (Ordering(sides, "".join(re.findall("[<>≤≥≠]", text))),)


def read_list(text: str, depth: int) -> Readings:
    """Answers with commas, semicolons, "and" or "or" between them, in any order."""
    parts = permuted(text) or without_dots([part for part in split(text, ",;∧∨") if part])
    if len(parts) < 2 or len(parts) > MAX_ITEMS:
        return ()
    listed = Collection(tuple(item for part in parts for item in expand(part, depth)), "")
    return listed, *by_names(listed)


def by_names(listed: Collection) -> Readings:
    """`p=2, q=3, p=3, q=2` as two pairs: names that come again in their order begin another tuple."""
    names = [item[0].name for item in listed.items if item and isinstance(item[0], Named)]
    size = names.index(names[0], 1) if names[:1] and names[0] in names[1:] else 0
    count, rest = divmod(len(listed.items), size or 1)
    if size < 2 or rest or names != names[:size] * count or len(set(names[:size])) < size:
        return ()
    rows = [listed.items[at : at + size] for at in range(0, len(listed.items), size)]
    return (Collection(tuple((Collection(row, "("),) for row in rows)),)


def expand(part: str, depth: int) -> list[Readings]:
    """The readings of an item; two or more items when it has signs to choose."""
    return [read(choice, depth + 1) for choice in choices(part)]


def read_signs(text: str, depth: int) -> Readings:
    """`a ± b` as two answers."""
    if unwrap(text, "⦃⟦", "⦄⟧") is not None:
        return ()
    items = choices(text)
    return (Collection(tuple(read(item, depth + 1) for item in items), ""),) if len(items) > 1 else ()


def read_bracketed(text: str, depth: int) -> Readings:
    """Sets, tuples, intervals and matrices."""
    if (inside := unwrap(text, "⟦", "⟧")) is not None:
        return read_matrix(inside, depth)
    if (inside := unwrap(text, "⦃{", "⦄}")) is not None:
        return read_set(text, inside, depth)
    inside = unwrap(text, "([", ")]")
    if inside is None or len(parts := split(inside, ",;")) < 2 or len(parts) > MAX_ITEMS:
        return ()
    interval = read_region(text) if len(parts) == 2 else ()
    if text[0] + text[-1] not in ("()", "[]"):
        return interval
    return interval + (Collection(tuple(read(part, depth + 1) for part in parts), text[0]),)


def read_set(text: str, inside: str, depth: int) -> Readings:
    """The elements of a finite set, or the region of a builder."""
    if _INEQUALITY.search(inside):
        return read_region(text)
    parts = without_dots([part for part in split(inside, ",;") if part])[: MAX_ITEMS + 1]
    return (Collection(tuple(item for part in parts for item in expand(part, depth)), "{"),)


def read_matrix(inside: str, depth: int) -> Readings:
    """Entries between `&` and line breaks."""
    rows = [row for row in split(inside, "\n") if row]
    return (Matrix(tuple(tuple(read(entry, depth + 1) for entry in split(row, "&")) for row in rows)),)


def read_ratio(text: str) -> Readings:
    """`a:b` as the quotient; a ratio of more parts as a tuple relative to the first."""
    if not _RATIO.fullmatch(text) or "⦃" in text:
        return ()
    try:
        parts = [parse(part.strip()) for part in text.split(":")]
    except Unreadable:
        return ()
    shares = tuple((Formula("", Node("/", (part, parts[-1]))),) for part in parts[:-1])
    return shares[0] if len(parts) == 2 else (Collection(shares, "("),)


def read_relation(text: str, depth: int) -> Readings:
    """`name = value`, `f(x) = value`, `label: value`, or an equation; of a chain the last side counts."""
    if label := _LABEL.match(text) or _STATEMENT.match(text):
        name = re.sub(r"[‹›:\s]", "", label[0]).lower()
        return (Named(name, (), read(text[label.end() :], depth + 1)),)
    sides = [side for side in split(text, "=⇒⇔") if side]
    if len(sides) < 2:
        return ()
    named = read_named(sides[0], sides[-1], depth)
    if named and len(sides) > 2 and all(map(is_label, sides[:-1])):  # `x = y = 1` is also the pair (1, 1)
        return *named, Collection((read(sides[-1], depth + 1),) * (len(sides) - 1), "(")
    return named or read_equation(sides)


def read_named(name: str, value: str, depth: int) -> Readings:
    """A value whose left side is only a name, a function of names, or a tuple of names."""
    if function := _FUNCTION.fullmatch(name):
        params = tuple(re.sub(r"\s", "", function[2]).split(","))
        return (Named(tight(function[1]), params, read(value, depth + 1)),)
    if is_label(name):
        return (Named(tight(name), (), read(value, depth + 1)),)
    return ()


def is_label(name: str) -> bool:
    """A symbol, a tuple of symbols, or words."""
    inside = unwrap(name, "(", ")")
    if inside is not None and len(parts := split(inside, ",")) > 1:
        return all(map(is_label, parts))
    try:
        return parse(name).kind == "symbol"
    except Unreadable:
        return name.startswith("‹") or (name.startswith(r"\angle") and "=" not in name)


def read_equation(sides: list[str]) -> Readings:
    """An equation; a computation such as `2 + 3 = 5` is what comes out of it."""
    result = read_formula(sides[-1])
    try:
        left, right = parse(sides[0]), parse(result.text)
    except Unreadable:
        return ()
    return (Equation(left, right),) if left.symbols() else (result,)
