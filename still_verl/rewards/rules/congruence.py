"""Residues: `n ≡ 1 (mod 4)`, `1 mod 4`, and several of one modulus."""

import re

from still_verl.rewards.rules.enumeration import choices
from still_verl.rewards.rules.expression import parse
from still_verl.rewards.rules.node import Unreadable
from still_verl.rewards.rules.splitting import split
from still_verl.rewards.rules.values import Collection, Congruence, Readings

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
