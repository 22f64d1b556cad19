"""pass@k and pass^k: the chance that one, or every one, of k samples of a problem is right.

Both are means over all subsets of k of the n samples that there are. So they are unbiased (Chen et al. 2021,
arXiv 2107.03374, for pass@k; Yao et al. 2024, arXiv 2406.12045, for pass^k), while drawing with replacement is not.
"""

from functools import lru_cache
from math import comb

EVERY_SIZE = 64  # up to this k there is a figure for each k, above it for powers of two only


@lru_cache(maxsize=65536)
def pass_at(samples: int, right: int, k: int) -> float | None:
    """Compute the share of the subsets of `k` samples that have a right one; None where `k` is more than there are.

    Raises:
        ValueError: there are more right samples than samples, or `k` is less than 1.

    Example:
        >>> pass_at(4, 1, 1), pass_at(4, 1, 4), pass_at(4, 1, 64)
        (0.25, 1.0, None)
    """
    _check(samples, right, k)
    if k > samples:
        return None
    # Whole numbers of any size: Python divides them correctly rounded, also where neither fits into a float.
    subsets = comb(samples, k)
    return (subsets - comb(samples - right, k)) / subsets


@lru_cache(maxsize=65536)
def pass_all(samples: int, right: int, k: int) -> float | None:
    """Compute pass^k, the share of the subsets of `k` samples that are all right; None where there are fewer.

    Raises:
        ValueError: there are more right samples than samples, or `k` is less than 1.

    Example:
        >>> pass_all(4, 2, 1), pass_all(4, 2, 2) == 1 / 6, pass_all(4, 4, 4)
        (0.5, True, 1.0)
    """
    _check(samples, right, k)
    if k > samples:
        return None
    return comb(right, k) / comb(samples, k)


def sizes(k: int) -> list[int]:
    """Return the sizes of subsets that are reported for `k` samples: all of them, or powers of two where k is large.

    Example:
        >>> sizes(5), sizes(200)[62:]
        ([1, 2, 3, 4, 5], [63, 64, 128, 200])
    """
    found = list(range(1, min(k, EVERY_SIZE) + 1))
    power = 2 * EVERY_SIZE
    while power < k:
        found.append(power)
        power *= 2
    if k > EVERY_SIZE:
        found.append(k)
    return found


def _check(samples: int, right: int, k: int) -> None:
    if not 0 <= right <= samples:
        raise ValueError(f"right={right}: use 0 to samples={samples}")
    if k < 1:
        raise ValueError(f"k={k}: use 1 or more")
