"""What only a worker may run: math-verify, whose cost nothing bounds but a deadline."""

import logging
import re
from functools import lru_cache
from typing import Any

from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify
from sympy import Derivative, Symbol

from still_verl.rewards.equivalence.compare.comparison import Libraries
from still_verl.rewards.equivalence.decide import decide as decide_by_rules
from still_verl.rewards.equivalence.normalize import normalize, to_latex
from still_verl.rewards.equivalence.read.quantities import conversion
from still_verl.rewards.equivalence.reading import Reading

_INDEX_I = re.compile(r"\\(?:sum|prod)\s*_\s*\{?\s*i\s*=(?!.*(?<![a-zA-Z\\])k)", re.DOTALL)  # unless k is taken
_LETTER_I = re.compile(r"(?<![a-zA-Z\\])i(?![a-zA-Z])")
# Nobody reads these: an answer that does not parse is a verdict here, not an event.
logging.getLogger("math_verify").setLevel(logging.CRITICAL)
logging.getLogger("latex2sympy2_extended").setLevel(logging.CRITICAL)

SHOWN_DIGITS = 30
SAME = 1e-6  # relative difference of two numbers that math-verify may call equal

# `1 2` and `1.2.3` are a product to math-verify; to anybody else they are two answers, or a mistake. It overlooks the
# prime of `5'`, and reads the 10 of `\frac{1}{2} 10` as a factor 1 and a factor 0, and `12 … 13` and `(7) 8` as sums.
_SIDE_BY_SIDE = re.compile(
    r"\d'|\d[\s|°…#?@&~\"'%⦃⦄]+\d|\d\.\d+\.\d|\\frac\s*\{[^{}]*\}\s*\{[^{}]*\}[ |]*\d"
    r"|(?<![\^_}a-zA-Z])[({\[]\d+[)}\]]\s+\d"
)
_ROWS = re.compile("[⟦⟪][^⟦⟧⟪⟫]*[⟧⟫]")  # of a matrix or of cases: there numbers stand side by side
# What math-verify may overlook: words, commands, numbers, symbols, and marks behind any of them; it knows an integral
# over x without `dx`.
_PART = re.compile(r"‹[^›]*›|\\[a-zA-Z]+|\d+|(?<![a-zA-Z])(?!dx(?![a-zA-Z]))[a-zA-Z]+|['!%&]|[^\x00-\x7f]")
MOST_PARTS = 24  # of an answer that can be looked at; one with more is not trusted


def decide(gold: str, answer: str, reading: Reading = "strict") -> tuple[bool | None, str]:
    """Decide by our rules with math-verify for the parts they cannot read, then by math-verify for the whole.

    A No of the rules is final: it has one of the reasons of `DIFFERENCES`, which math-verify would overlook.

    Returns:
        The truth, None when nothing could tell; and what decided or stood in the way.

    Raises:
        MemoryError: the worker's limit was reached.
    """
    try:
        equal, reason = decide_by_rules(gold, answer, reading, Libraries(same_part, conversion))
        if equal is not None:
            return equal, reason
        return _math_verify(gold, answer)
    except MemoryError:
        raise
    except Exception as error:  # parsers of parsers: any text may raise anything, and none of it is worth a point
        return None, f"unparsable ({type(error).__name__})"


def _math_verify(gold: str, answer: str) -> tuple[bool | None, str]:
    text = normalize(answer)
    if _SIDE_BY_SIDE.search(_ROWS.sub("", text)):
        return None, "numbers side by side"
    # What else is in the answer counts: math-verify would look for a box inside it, and read only that.
    left, right = parse_gold(_without_index_i(gold)), parse_answer(_without_index_i(to_latex(text)))
    if not left or not right:
        return None, "unparsable"
    equal = verify(list(left), list(right), timeout_seconds=None)
    if equal and (_are_apart(left[0], right[0]) or _derive_differently(left[0], right[0])):
        return False, "values differ"
    if equal and _overlooks(text):
        return None, "a part that math-verify overlooks"
    return equal, "math-verify"


def _overlooks(text: str) -> bool:
    """Whether math-verify reads the same without a part (`\\not = 7`) or with another number (`11 \\approx 7`)."""
    read = _value(text)
    parts = list(_PART.finditer(text))
    if len(parts) > MOST_PARTS:
        return True
    for part in parts:
        changed = f"{text[: part.start()]} {_changed(part[0])} {text[part.end() :]}"
        if _value(changed) == read:
            return True
    return False


def _changed(part: str) -> str:
    """Another number of about the same size, and nothing in place of any other part."""
    if not part.isdecimal():
        return ""
    return part[:-1] + ("8" if part.endswith("9") else str(int(part[-1]) + 1))


def _value(text: str) -> Any:
    found = parse_answer(to_latex(text))
    return found[0] if found else None


def _are_apart(left: Any, right: Any) -> bool:
    """Whether two numbers differ after all: math-verify rounds them to six places, where all tiny ones are 0."""
    if not all(getattr(value, "is_number", False) for value in (left, right)):
        return False
    first, second = left.evalf(SHOWN_DIGITS), right.evalf(SHOWN_DIGITS)
    if not (first.is_finite and second.is_finite):  # of no number can it be told how far it is from infinity
        return bool(first != second)
    return bool(abs(first - second) > SAME * max(abs(first), abs(second)))


def _derive_differently(left: Any, right: Any) -> bool:
    """Whether formulas differ once their derivatives have names: that of an unknown function is 0 to math-verify."""
    if not any(hasattr(value, "has") and value.has(Derivative) for value in (left, right)):
        return False
    named = [value.replace(Derivative, lambda *of: Symbol(f"derivative {of}")) for value in (left, right)]
    return not verify(*named, timeout_seconds=None)


def _without_index_i(text: str) -> str:
    """A sum or product over i with another index: math-verify reads i as the root of -1."""
    if _INDEX_I.search(text):
        return _LETTER_I.sub("k", text)
    return text


def same_part(gold: str, answer: str) -> bool | None:
    """Ask math-verify about two texts in the dialect of `normalize`.

    Returns:
        True, or None when it does not say so: as parts of a whole, other parts may still fit.

    Raises:
        MemoryError: the worker's limit was reached.
        RecursionError: one of them is nested too deeply.
    """
    try:
        equal, _ = _math_verify(to_latex(gold), to_latex(answer))
    except (RecursionError, MemoryError):
        raise
    except Exception:  # see `decide`
        return None
    return equal or None


@lru_cache(maxsize=512)
def parse_gold(gold: str) -> tuple:
    """Return what math-verify reads in a gold answer; parsed once by each worker."""
    return _parse(gold, LatexExtractionConfig())


def parse_answer(answer: str) -> tuple:
    """Return what math-verify reads in an answer."""
    return _parse(answer, LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig())


def _parse(text: str, *targets: Any) -> tuple:
    """What is understood of a text. Where nothing is, math-verify compares the texts, less what it takes for marks."""
    found = parse(f"\\boxed{{{text}}}", targets, parsing_timeout=None)
    return tuple(value for value in found if not isinstance(value, str))


def warm_up() -> None:
    """Pay for lazy imports and generated parser tables before the first fork; an integral alone imports for 0.1 s."""
    _math_verify(r"\frac{1}{2}", "x^2")
    _math_verify("12", r"\int_0^{12} 1 dx")
    conversion("m", "km")
