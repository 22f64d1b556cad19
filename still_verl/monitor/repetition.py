"""How much of a response was said before: words, characters, loops at its end, and what a compressor makes of it."""

import zlib
from collections.abc import Sequence

import numpy as np

from still_verl.monitor.keywords import split_words
from still_verl.monitor.means import means
from still_verl.monitor.remembered import remembers
from still_verl.rewards.terms import REPEATED_WORDS

DISTINCT_WORDS = 2  # Li et al. 2016, arXiv 1510.03055
REPEATED_CHARACTERS = 64  # of an n-gram, a power of 2; in derivations, shorter pieces come back all the time
LOOP_PERIODS, LOOP_CHARACTERS = 3, 32  # a loop goes round so often, and is so long, at least
COMPRESSED_BYTES = 100  # shorter texts are not compressed: most of the result would be the format's own bytes
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no bits of a hash are lost


def repetition_metrics(texts: Sequence[str]) -> dict[str, float]:
    """Compute the means over responses, and the share of responses that end in a loop.

    Returns:
        `repetition`, `distinct_2`: what `novelty` finds.
        `repetition_characters`: what `repeated_characters` finds.
        `loops`: share of responses whose end is a loop.
        `compression`: what `compression` finds, over the responses that are long enough.
    """
    repeated, distinct, characters, loops, compressed = [], [], [], [], []
    for text in texts:
        share_repeated, share_distinct = novelty(text)
        repeated.append(share_repeated)
        characters.append(repeated_characters(text))
        loops.append(loop_period(text) is not None)
        if share_distinct is not None:
            distinct.append(share_distinct)
        ratio = compression(text)
        if ratio is not None:
            compressed.append(ratio)
    return means(
        {
            "repetition": repeated,
            "distinct_2": distinct,
            "repetition_characters": characters,
            "loops": loops,
            "compression": compressed,
        }
    )


@remembers
def novelty(text: str) -> tuple[float, float | None]:
    """Return the share of 20-grams of words that occurred before, and that of 2-grams that are distinct.

    The former is 0 for a shorter response, as in the reward term; the latter None for one of less than two words.
    """
    found = split_words(text)
    hashes = np.fromiter(map(hash, found), dtype=np.int64, count=len(found)).view(np.uint64)
    distinct_long = distinct_share(hashes, REPEATED_WORDS)
    repeated = 0.0
    if distinct_long is not None:
        repeated = 1.0 - distinct_long
    return repeated, distinct_share(hashes, DISTINCT_WORDS)


def distinct_share(hashes: np.ndarray, n: int) -> float | None:
    """Divide the number of different n-grams by that of all; None if there is none.

    n-grams are compared by a polynomial hash of 64 bits: the odds that two of 10,000 collide are about 1 in 10^11.
    """
    total = len(hashes) - n + 1
    if total < 1:
        return None
    grams = np.zeros(total, dtype=np.uint64)
    for place in range(n):
        grams = grams * _BASE + hashes[place : place + total]
    return _different(grams) / total


@remembers
def repeated_characters(text: str) -> float:
    """Return the share of the 64-grams of characters that occurred before; 0 for a shorter text.

    It sees repetition without spaces, of which words know nothing. n-grams are compared by their hash, as above.

    Example:
        >>> repeated_characters("!" * 4000) > 0.99, repeated_characters("to be or not to be")
        (True, 0.0)
    """
    if len(text) < REPEATED_CHARACTERS:
        return 0.0
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    # A 2n-gram is two n-grams, so it takes 6 rounds and not 64.
    grams, base, size = codes.astype(np.uint64), _BASE, 1
    with np.errstate(over="ignore"):
        while size < REPEATED_CHARACTERS:
            grams = grams[:-size] * base + grams[size:]
            base, size = base * base, 2 * size
    return 1 - _different(grams) / len(grams)


@remembers
def loop_period(text: str) -> int | None:
    r"""Return the shortest period, in characters, with which a text goes round and round at its end; None without one.

    The last three periods, and the last 32 characters, must repeat with it. Takes time linear in the text's length.

    Example:
        >>> loop_period("So the answer is " + r"\boxed{1}" * 10), loop_period("1, 2, 3, 4, 5, 6, 7, 8, 9, 10")
        (9, None)
    """
    backwards = text[::-1]
    size = 1
    while LOOP_PERIODS * size // 2 < len(backwards):
        # A period of size/2 to size brings the last `size` characters back at that distance; what comes back sooner
        # has a period that divides it.
        period = backwards.find(backwards[:size], 1, 2 * size)
        length = max(LOOP_PERIODS * period, LOOP_CHARACTERS)
        if 0 < period and length <= len(backwards) and backwards[period:length] == backwards[: length - period]:
            return period
        size *= 2
    return None


@remembers
def compression(text: str) -> float | None:
    """Return the bytes of a text after zlib by those before; None for a text of less than 100.

    Prose is near 0.4. Loops are near 0, tokens by chance near 0.7. The shorter a text, the higher: one of 600 bytes has
    0.5.
    """
    plain = text.encode("utf-8", "surrogatepass")
    if len(plain) < COMPRESSED_BYTES:
        return None
    return len(zlib.compress(plain)) / len(plain)


def _different(grams: np.ndarray) -> int:
    """Count the different values of an array, which is sorted in place."""
    grams.sort()
    # Sorted, equal n-grams are neighbours.
    return 1 + int(np.count_nonzero(grams[1:] != grams[:-1]))
