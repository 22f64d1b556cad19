"""Residues: `n ≡ 1 (mod 4)`, `1 mod 4`, and several of one modulus."""

import re

from still_verl.rewards.equivalence.answer_types import Collection, Congruence, Interpretations
from still_verl.rewards.equivalence.node import Unreadable
from still_verl.rewards.equivalence.parse import parse
from still_verl.rewards.equivalence.read.enumeration import expand_signs
from still_verl.rewards.equivalence.read.splitting import split_nonempty

SMALLEST_MODULUS = 2  # every integer is 0 modulo 1
_CONGRUENCE = re.compile(r"(?:[a-zA-Z]\w*\s*[≡=]\s*)?([^≡=‹›]+?)\s*\(?\s*‹mod›\s*([^()‹›,;]+?)\s*\)?")


def read_congruence(text: str) -> Interpretations:
    """Read the residues that `text` names, if it does; several are a list."""
    found = _CONGRUENCE.fullmatch(text)
    if not found:
        return ()
    classes = []
    try:
        modulus = parse(found[2])
        if modulus.kind != "symbol" and not (modulus.kind == "number" and modulus.value >= SMALLEST_MODULUS):
            return ()
        for part in split_nonempty(found[1], ",∨∧"):
            for residue in expand_signs(part):
                classes.append(Congruence(parse(residue), modulus))
    except Unreadable:
        return ()
    if len(classes) == 1:
        return tuple(classes)
    return (Collection(tuple((one,) for one in classes)),)
