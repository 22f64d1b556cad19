"""The symbols of an answer: which names a renaming may concern."""

from still_verl.rewards.equivalence.answer_types import Collection, Formula, Interpretations, Named, Value
from still_verl.rewards.equivalence.evaluate import CONSTANTS

_FIXED = frozenset((*CONSTANTS, "∞", "…"))  # symbols that nobody calls differently


def free_symbols(interpretations: Interpretations) -> frozenset[str]:
    """Return the symbols that a renaming may concern: not the constants."""
    return all_symbols(interpretations) - _FIXED


def all_symbols(interpretations: Interpretations) -> frozenset[str]:
    """Return the symbols of everything that was understood; names of functions and values are none."""
    return frozenset[str]().union(*map(_symbols, interpretations))


def _symbols(value: Value) -> frozenset[str]:
    if isinstance(value, Formula) and value.node:
        return value.node.symbols()
    if isinstance(value, Collection):
        return frozenset[str]().union(*map(all_symbols, value.items))
    return all_symbols(value.value) if isinstance(value, Named) else frozenset()


def is_symbol(interpretations: Interpretations) -> bool:
    """Say whether an answer, or the value that it names, is one symbol: renamed, it could be any other."""
    for value in interpretations:
        if isinstance(value, Named) and is_symbol(value.value):
            return True
        if isinstance(value, Formula) and value.is_symbol:
            return True
    return False
