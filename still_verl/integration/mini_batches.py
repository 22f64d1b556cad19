"""Spreads the rows that pad a batch over its mini-batches.

verl puts all of them at the end, so that the last mini-batch may have one real row, which would get a whole update of
the weights: as much as all rows of another mini-batch together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def even_order(padding: Sequence[bool], ranks: int) -> list[int]:
    """Return the rows of a batch in an order in which each mini-batch has nearly the same number of real rows.

    A rank keeps its rows, and real rows keep their order. So a batch without padding stays as it is.

    Example:
        >>> even_order([False, False, False, False, False, True, True, True], ranks=1)  # two mini-batches of four
        [5, 0, 6, 1, 2, 7, 3, 4]

    Args:
        padding: for each row whether it pads the batch; an equal part for each rank, one after the other.
        ranks: among which the batch is divided. A mini-batch has the next rows of every rank.
    """
    size = len(padding) // ranks
    order: list[int] = []
    for rank in range(ranks):
        rows = range(rank * size, (rank + 1) * size)
        order += _merged([row for row in rows if not padding[row]], [row for row in rows if padding[row]], rank / ranks)
    return order


def _merged(real: list[int], padding: list[int], ahead: float) -> Iterator[int]:
    """Yield both lists as one, each spread evenly.

    Args:
        real, padding: rows.
        ahead: by what share of a row the real ones come early, so that not every rank has its first at the same place.
    """
    total, taken = len(real) + len(padding), 0
    for position in range(1, total + 1):
        due = int(position * len(real) / total + ahead)
        if due > taken:
            yield real[taken]
            taken += 1
        else:
            yield padding[position - taken - 1]
