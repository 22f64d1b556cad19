"""The symbols of an answer: which names a renaming may concern."""

from still_verl.rewards.equivalence.answer_types import Collection, Formula, Interpretations, Named
from still_verl.rewards.equivalence.evaluate import CONSTANTS

_FIXED = frozenset((*CONSTANTS, "∞", "…"))  # symbols that nobody calls differently


def free_symbols(interpretations: Interpretations) -> frozenset[str]:
    """Return the symbols that a renaming may concern: not the constants."""
    return all_symbols(interpretations) - _FIXED


def all_symbols(interpretations: Interpretations) -> frozenset[str]:
    """Return the symbols of everything that was understood; names of functions and values are none."""
    found: frozenset[str] = frozenset()
    for value in interpretations:
        if isinstance(value, Formula) and value.node:
            found |= value.node.symbols()
        elif isinstance(value, Collection):
            for item in value.items:
                found |= all_symbols(item)
        elif isinstance(value, Named):
            found |= all_symbols(value.value)
    return found
