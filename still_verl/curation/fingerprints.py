"""Numbers by which equal and similar problems are found without comparing all with all."""

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any

import numpy as np

from still_verl.curation.exact_words import exact_words
from still_verl.curation.tokens import is_number

SHINGLE = 3  # tokens
BANDS, ROWS = 12, 5  # of the MinHash: 99 % of pairs with a similarity of 0.8 share a band, 3 % of those with 0.3
PERMUTATIONS = BANDS * ROWS
SCHEME = "affine32"  # of datasketch; its default may change

_WORD_OR_SIGN = re.compile(r"\w+|[^\w\s${}\\]")


def hash64(text: str) -> int:
    """Return a number that stands for a text, the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def digest(*parts: str) -> tuple[int, int]:
    """Return two numbers that stand for some texts: the order of a set that was shuffled."""
    found = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return int.from_bytes(found[:8], "big"), int.from_bytes(found[8:], "big")


def form_of(plain: str) -> int:
    r"""Return the hash of the normal form of a plain text: words and signs, whatever the case, space and braces.

    Example:
        >>> form_of("Find  $x^{2}$.") == form_of("find x^2 .")
        True
    """
    return hash64(" ".join(_WORD_OR_SIGN.findall(plain.lower())))


def exact_form_of(plain: str) -> int:
    r"""Return the hash of a plain text with what a normal form passes over: which signs a brace holds together, m or M.

    Example:
        >>> exact_form_of("Find 2^{3+4}.") == exact_form_of("Find 2^3+4."), form_of("2^{3+4}") == form_of("2^3+4")
        (False, True)
        >>> exact_form_of("Find x^{2}y.") == exact_form_of("find  x^2y.")
        True
    """
    return hash64(" ".join(exact_words(plain)))


def numbers_of(tokens: Sequence[str]) -> int:
    """Return the hash of the numbers of a text, in any order."""
    return hash64(" ".join(sorted(filter(is_number, tokens))))


def pattern_of(tokens: Sequence[str]) -> int:
    """Return the hash of the tokens of a text with any numbers: equal for two problems of one template.

    Example:
        >>> pattern_of("find v if 3 v = 20".split()) == pattern_of("find v if 4 v = 31".split())
        True
    """
    return hash64(" ".join("0" if is_number(token) else token for token in tokens))


def shingle_hashes(tokens: Sequence[str]) -> list[int]:
    """Return a number of 32 bits for each different shingle of a text."""
    shingles = {" ".join(run) for run in zip(tokens, tokens[1:], tokens[2:], strict=False)}
    return [zlib.crc32(shingle.encode("utf-8", "replace")) for shingle in shingles or {" ".join(tokens)}]


def minhashes(texts: Sequence[Sequence[int]]) -> "np.ndarray[Any, Any]":
    """Return the MinHash of some texts, numbers of 32 bits of shape (texts, `PERMUTATIONS`).

    They are those of datasketch, whose permutations these are; it takes one text at a time, which is five times slower.

    Args:
        texts: the hashes of the shingles of each, at least one.
    """
    if not texts:
        return np.zeros((0, PERMUTATIONS), np.uint32)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    mixed = _mix(np.fromiter(chain.from_iterable(texts), np.uint32, int(sizes.sum())))
    found = np.empty((len(texts), PERMUTATIONS), np.uint32)
    factors, shifts = _permutations()
    for number, (factor, shift) in enumerate(zip(factors, shifts, strict=True)):
        found[:, number] = np.minimum.reduceat(mixed * factor + shift, starts)
    return found


def _mix(hashes: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Spread hashes evenly: the finalizer of MurmurHash3."""
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return np.asarray(hashes ^ (hashes >> np.uint32(16)))


@lru_cache(maxsize=1)
def _permutations() -> Any:
    from datasketch import MinHash

    return MinHash(PERMUTATIONS, scheme=SCHEME).permutations
