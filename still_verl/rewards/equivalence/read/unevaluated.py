"""Answers that leave the work to be done: an integral where its value is asked for only repeats the problem."""

import re

from still_verl.rewards.equivalence.read.operators import RUNNING
from still_verl.rewards.equivalence.read.relations import is_name

_BOUND = re.compile(r"_\s*\{(?:[^{}]|\{[^{}]*\})*\}")  # its `=` is none between two sides
_BETWEEN_SIDES = re.compile("[=≈≡⇒⇔]")
_AROUND = " ()[]{}⟪⟫&,."
_VARIABLE = re.compile(r"(?<![\\a-zA-Z])(?![ei](?![a-zA-Z]))[a-zA-Z]")


def is_unevaluated(gold: str, answer: str) -> bool:
    r"""Say whether an answer is an integral, a sum, a product or a limit where the right answer is a value.

    `\int_0^1 x dx = 1/2` has its value, on whichever side. Where the right answer has variables, `\sum_{k=1}^n k` may
    be a formula. Both texts are normalized.
    """
    if not RUNNING.search(answer):
        return False
    value = _sides(gold)[-1] if RUNNING.search(gold) else gold.rpartition("=")[2]
    if RUNNING.search(value) or _VARIABLE.search(value):
        return False
    return not any(_may_be(value, side) for side in _sides(answer))


def _sides(text: str) -> list[str]:
    sides = _BETWEEN_SIDES.split(_BOUND.sub(" ", text))
    return [side.strip(_AROUND) for side in sides]


def _may_be(value: str, side: str) -> bool:
    """Whether a side of an answer is a value: e is a name, too, but not where it is the right answer."""
    if not side or RUNNING.search(side):
        return False
    return side.removeprefix("+") == value.strip(_AROUND).removeprefix("+") or not is_name(side)
