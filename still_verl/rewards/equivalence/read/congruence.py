"""Residues: `n ≡ 1 (mod 4)`, `1 mod 4`, and several of one modulus."""

import re

from still_verl.rewards.equivalence.answer_types import Collection, Congruence, Readings
from still_verl.rewards.equivalence.node import Unreadable
from still_verl.rewards.equivalence.parse import parse
from still_verl.rewards.equivalence.read.enumeration import choices
from still_verl.rewards.equivalence.read.splitting import split

_CONGRUENCE = re.compile(r"(?:[a-zA-Z]\w*\s*[≡=]\s*)?([^≡=‹›]+?)\s*\(?\s*‹mod›\s*([^()‹›,;]+?)\s*\)?")


def read_congruence(text: str) -> Readings:
    """The residues that `text` names, if it does; several are a list."""
    found = _CONGRUENCE.fullmatch(text)
    if not found:
        return ()
    try:
        modulus = parse(found[2])
        residues = [parse(choice) for part in split(found[1], ",∨∧") if part for choice in choices(part)]
    except Unreadable:
        return ()
    classes = tuple(Congruence(residue, modulus) for residue in residues)
    return classes if len(classes) == 1 else (Collection(tuple((one,) for one in classes)),)
