"""Counts how long responses are, by step."""

import math
from collections import Counter
from dataclasses import dataclass, field

from still_verl.report.samples.kept import KeptSample

BINS = 4  # for each doubling of the length


@dataclass
class Lengths:
    """How many responses of each step have which length.

    Attributes:
        counts: by step and bin; bin b begins at 2 ** (b / `BINS`).
        in_tokens: whether all lengths are in tokens; else they are in characters where tokens are not known.
    """

    counts: dict[int, Counter[int]] = field(default_factory=dict)
    in_tokens: bool = True

    def add(self, sample: KeptSample) -> None:
        """Count a response; an empty one counts as of one token."""
        if sample.tokens is None:
            self.in_tokens = False
        bin_of_length = math.floor(BINS * math.log2(max(sample.length, 1)))
        self.counts.setdefault(sample.step, Counter())[bin_of_length] += 1


def begin(bin_of_length: float) -> float:
    """Return the length at which a bin begins; that of its middle is half a bin later."""
    return float(2 ** (bin_of_length / BINS))
