"""From a text to the kinds of answer that it may be: the order of the readers, and all that has parts to interpret.

Each reader takes one kind, and gives nothing when the text is not that.
"""

import re
from functools import lru_cache
from itertools import chain

from still_verl.rewards.equivalence import clock
from still_verl.rewards.equivalence.answer_types import Collection, Equation, Interpretations, Named
from still_verl.rewards.equivalence.evaluate import CONSTANTS
from still_verl.rewards.equivalence.normalize import compact
from still_verl.rewards.equivalence.read.enumeration import MAX_ITEMS, expand_signs, fill_dots
from still_verl.rewards.equivalence.read.regions import read_region
from still_verl.rewards.equivalence.read.relations import (
    is_name,
    read_date,
    read_equation,
    read_ratio,
    read_relation,
    read_residue,
    read_vector,
)
from still_verl.rewards.equivalence.read.splitting import split, split_nonempty, unwrap
from still_verl.rewards.equivalence.read.units import read_formula, read_formulas, without_thousands
from still_verl.rewards.equivalence.read.words import DENYING, read_count, read_sets_in_words, read_words, says_little
from still_verl.rewards.equivalence.symbols import all_symbols, is_symbol

MAX_NESTING = 5  # of answers inside answers; a set of tuples of signed numbers has 3

_INEQUALITY = re.compile("[<>≤≥≠∈]")
_SET_OPERATION = re.compile("[∪∩∖]|[)\\]⦄]\\s*-\\s*⦃")
_FUNCTION = re.compile(r"(\\?[A-Za-z]+(?:_\{?\w+\}?)?(?:'*|\^\{-1\}))\s*\(\s*([a-z](?:\s*,\s*[a-z])*)\s*\)")
_LABEL = re.compile(r"((?:‹[^›]*›|[A-Za-z])\s*)+:\s*(?=\S)")
_STATEMENT = re.compile(
    rf"(?:(?:‹[^›]*›|[a-zA-Z])\s*)*‹(?:[^›]*\s)?(?:is|are|equals|(?:(?![{DENYING}])[\u4e00-\u9fff])*[是为])›\s*(?=\S)"
)  # a name, a verb
_CONDITION_WORD = re.compile(r"^[\s,]*(?:‹(?:if|when|for|where)›\s*)?|[\s,]+$")
_REASON = re.compile(r"\s*(?:‹\(|\(\s*‹)\s*(?:since|because)\b.*$")
_LETTER = re.compile("[A-Za-z]")
DECIMAL_COMMA = re.compile(r"^(-?\d+),(\d+)$")
_QUANTIFIER = re.compile(
    r"^(?:‹(?:for )?(?:for|all|any|every|each|real|numbers?|values?|of)(?: real)?(?: numbers?| values?)?›\s*)+"
    r"(?=[a-z]\s*[<>≤≥≠])"
    r"|^‹(?:for )?(?:all|any|every|each)(?:›\s*‹| )(?:positive )?integers?›\s*(?=[i-n]\s*[≥>]\s*\d+$)"
)
_NO_PART_OF_NAME = re.compile(r"[‹›:\s]")
_WORDS = re.compile("‹[^›]*›")
_SPACE = re.compile(r"\s")


@lru_cache(maxsize=4096)
def interpret(text: str, depth: int = 0) -> Interpretations:
    """Return all interpretations of a normalized text; a formula or prose when it is nothing else.

    `depth` counts the answers that this one is inside of.

    Example:
        >>> [type(value).__name__ for value in interpret("(1, 2)")]
        ['Region', 'Collection']
    """
    clock.check()
    if depth > MAX_NESTING or not text.strip():
        return ()
    inside = unwrap(text, "{", "}")
    if inside and len(split(inside, ",;")) == 1:  # with a comma, plain braces may stand for a set
        text = inside
    if "‹" in text:
        count = read_count(text)
        if count:
            return (read_formula(count),)
        text = _REASON.sub("", text)
    fixed = read_sets_in_words(text) or read_ratio(text) or read_residue(text) or read_date(text)
    if fixed:
        return fixed
    if "‹" in text:
        text = _QUANTIFIER.sub("", text)
    exact, *decimal = split_nonempty(text, "≈") or [text]
    if decimal:
        text = exact
    return _read_structure(text, depth) or _read_prose_or_formula(text)


def _read_prose_or_formula(text: str) -> Interpretations:
    formulas = read_formulas(text)
    if formulas[0].node is None:
        return read_words(text) or formulas
    return *formulas, *read_vector(formulas[0])


def _read_structure(text: str, depth: int) -> Interpretations:
    """What labels, brackets, separators and relations make of `text`; nothing when it has none."""
    inside = unwrap(text, "⟪", "⟫")
    if inside is not None:
        return _read_cases(inside, depth)
    label = _LABEL.match(text) or ("‹" in text and _STATEMENT.match(text))
    if label and says_little(label[0]):
        name = _NO_PART_OF_NAME.sub("", label[0]).lower()
        return (Named(name, (), interpret(text[label.end() :], depth + 1)),)
    if _SET_OPERATION.search(text) and not is_name(text.partition("=")[0].strip()):
        return read_region(text) or read_relation(text)
    if len(split(text, "<>≤≥≠∈")) > 1:
        return _read_membership(text, depth) or read_region(text) + read_relation(text)
    grouped = without_thousands(text)
    if grouped == text:
        grouped = DECIMAL_COMMA.sub(r"\1.\2", text)
    if grouped != text:  # the comma of `1,234` may separate thousands or items, that of `3,14` decimals
        return _read_list(text, depth) + interpret(grouped, depth + 1)
    return (
        _read_list(text, depth)
        or _read_equation(text, depth)
        or read_relation(text)
        or _read_signs(text, depth)
        or _read_bracketed(text, depth)
    )


def _read_membership(text: str, depth: int) -> Interpretations:
    """`x ∈ S` as S."""
    parts = split(text, "∈")
    if len(parts) != 2 or not is_name(parts[0]) or len(split(parts[1], "<>≤≥≠")) > 1:
        return ()
    return interpret(parts[1], depth)


def _read_list(text: str, depth: int) -> Interpretations:
    """Answers with commas, semicolons, "and" or "or" between them, in any order."""
    parts = fill_dots(split_nonempty(text, ",;∧∨"))
    if not 2 <= len(parts) <= MAX_ITEMS:
        return ()
    listed = Collection(_items(parts, depth), "∨" if len(split(text, "∨")) > 1 else "")
    return _tuples_by_name(listed) or (listed,)


def _items(parts: list[str], depth: int) -> tuple[Interpretations, ...]:
    """The interpretations of each part; a part with signs to choose is two items or more."""
    choices = chain.from_iterable(map(expand_signs, parts))
    return tuple(interpret(choice, depth + 1) for choice in choices)


def _tuples_by_name(listed: Collection) -> Interpretations:
    """`p=2, q=3, p=3, q=2` as two pairs: names that come again in their order begin another tuple."""
    names = [item[0].name for item in listed.items if item and isinstance(item[0], Named)]
    if not names or names[0] not in names[1:]:
        return ()
    size = names.index(names[0], 1)
    first, count = names[:size], len(listed.items) // size
    if size < 2 or names != first * count or len(names) != len(listed.items) or len(set(first)) < size:
        return ()
    starts = range(0, len(listed.items), size)
    return (Collection(tuple((Collection(listed.items[at : at + size], "()"),) for at in starts)),)


def _read_signs(text: str, depth: int) -> Interpretations:
    """`a ± b` as two answers."""
    if unwrap(text, "⦃⟦", "⦄⟧") is not None or len(expand_signs(text)) < 2:
        return ()
    return (Collection(_items([text], depth)),)


def _read_cases(inside: str, depth: int) -> Interpretations:
    """The lines of a system, which hold together, or of a function by cases: a value and its condition in each."""
    lines = split_nonempty(inside, "\n")
    if "&" not in inside:
        return _read_system(lines, depth)
    cases = []
    for line in lines:
        value, _, condition = line.partition("&")
        cases.append(_tuple([value.rstrip(" ,"), _CONDITION_WORD.sub("", condition)], depth))
    return (Collection(tuple(cases), "⟪"),)


def _tuple(parts: list[str], depth: int) -> Interpretations:
    """Parts whose order counts."""
    return (Collection(tuple(interpret(part, depth + 1) for part in parts), "()"),)


def _read_system(lines: list[str], depth: int) -> Interpretations:
    """Lines that hold together; of equations that are solved in the last line, this one."""
    if not lines:
        return ()
    *before, last = [interpret(line, depth + 1) for line in lines]
    kinds = {type(value) for line in before for value in line[:1]}
    if kinds == {Equation} and isinstance(last[0], Named):
        return last
    return interpret("∧".join(lines), depth + 1)


def _read_bracketed(text: str, depth: int) -> Interpretations:
    """Sets, tuples, intervals and matrices."""
    inside = unwrap(text, "⟦", "⟧")
    if inside is not None:
        lines = split_nonempty(inside, "\n")
        rows = Collection(tuple(_tuple(split(line, "&"), depth) for line in lines), "⟦")
        is_column = len(lines) > 1 and "&" not in inside
        return (rows, *_tuple(lines, depth)) if is_column else (rows,)
    inside = unwrap(text, "⦃{", "⦄}")
    if inside is not None:
        return _read_set(text, inside, depth)
    inside = unwrap(text, "([", ")]")
    if inside is None:
        return ()
    parts = split(inside, ",;")
    if not 2 <= len(parts) <= MAX_ITEMS:
        return ()
    return *read_region(text), Collection(tuple(interpret(part, depth + 1) for part in parts), text[0] + text[-1])


def _read_set(text: str, inside: str, depth: int) -> Interpretations:
    """The elements of a finite set, or the region of a builder."""
    if _INEQUALITY.search(inside):
        return read_region(text)
    elements = fill_dots(split_nonempty(inside, ",;"))
    # One more than the limit, so that a set that was cut equals none within the limit.
    listed = Collection(_items(elements[: MAX_ITEMS + 1], depth), "{")
    if len(listed.items) == 1 and depth == 0:  # `{2}` is 2, but as a part of a list it is a set
        return listed, *listed.items[0]
    return (listed,)


def _read_equation(text: str, depth: int) -> Interpretations:
    """`name = value`, `f(x) = value`, or an equation; of a chain the last side counts."""
    sides = split_nonempty(text, "=⇒⇔")
    if len(sides) < 2 or "=" not in text:
        return ()
    if len(sides) == 2 and is_name(sides[1]) and not _LETTER.search(sides[0]):  # `2 = x`
        sides.reverse()
    *names, value = sides
    if not all(is_name(side) or _is_formula(side) for side in names[1:]):
        return ()
    named = _read_named(names[0], value, depth)
    if named and len(names) > 1 and all(map(is_name, names)):  # `x = y = 1` is also the pair (1, 1)
        same = interpret(value, depth + 1)
        return *named, Collection((same,) * len(names), "()")
    return named or read_equation(sides)


def _read_named(name: str, value: str, depth: int) -> Interpretations:
    """A value whose left side is only a name, a function of names, or a tuple of names."""
    function = _FUNCTION.fullmatch(name)
    if not function and not is_name(name):
        return ()
    read = interpret(value, depth + 1)
    symbol = _WORDS.sub("", name).strip()  # of `‹radius› r`
    called = symbol if symbol[:1].isalpha() else name
    if function:
        called = function[1]
    if called in all_symbols(read) or (called in CONSTANTS and is_symbol(read)):  # `x = x` and `π = e` name nothing
        return ()
    params = _SPACE.sub("", function[2]).split(",") if function else ()
    return (Named(compact(called), tuple(params), read),)


def _is_formula(text: str) -> bool:
    return read_formula(text).node is not None
