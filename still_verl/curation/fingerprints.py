"""Numbers by which equal and similar problems are found without comparing all with all."""

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np

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


def numbers_of(tokens: Sequence[str]) -> int:
    """Return the hash of the numbers of a text, in any order."""
    return hash64(" ".join(sorted(filter(is_number, tokens))))


def minhash(tokens: Sequence[str]) -> "np.ndarray[Any, Any]":
    """Return the MinHash of the shingles of a text, as `PERMUTATIONS` numbers of 32 bits."""
    shingles = {" ".join(run) for run in zip(tokens, tokens[1:], tokens[2:], strict=False)}
    made = _empty_minhash()
    made.clear()  # one for all rows: to make another takes longer than to fill it
    made.update_batch([shingle.encode("utf-8", "replace") for shingle in shingles or {" ".join(tokens)}])
    return (made.hashvalues & np.uint64(0xFFFFFFFF)).astype(np.uint32)


@lru_cache(maxsize=1)
def _empty_minhash() -> Any:
    from datasketch import MinHash

    return MinHash(PERMUTATIONS, hashfunc=zlib.crc32, scheme=SCHEME)
