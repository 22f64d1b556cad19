"""MinHashes of a chunk at once, against datasketch, which takes one text at a time."""

import random
import zlib

import numpy as np
from datasketch import MinHash

from still_verl.curation.fingerprints import PERMUTATIONS, SCHEME, minhashes, shingle_hashes


def test_they_are_those_of_datasketch() -> None:
    pick = random.Random(0)
    texts = [[f"w{pick.randrange(50)}" for _ in range(length)] for length in (1, 2, 3, 4, 40, 400)]
    found = minhashes([shingle_hashes(text) for text in texts])
    for text, hashes in zip(texts, found, strict=True):
        shingles = {" ".join(text[start : start + 3]) for start in range(max(1, len(text) - 2))}
        expected = MinHash(PERMUTATIONS, hashfunc=zlib.crc32, scheme=SCHEME)
        expected.update_batch([shingle.encode() for shingle in shingles])
        assert np.array_equal(hashes, expected.hashvalues)


def test_no_text_has_no_minhash() -> None:
    assert minhashes([]).shape == (0, PERMUTATIONS)
