"""The tokens of one response, as generated: never encoded again, with a mask that tells the model's from the tools'."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass
class TokenBuffer:
    """Tokens with their mask (1 for the model's, 0 for the output of tools) and log-probs (0.0 for those).

    Attributes:
        budget: tokens that the response may have, output of tools included.
    """

    budget: int
    ids: list[int] = field(default_factory=list)
    mask: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Tokens that still fit."""
        return self.budget - len(self.ids)

    def add_generated(self, ids: list[int], log_probs: list[float] | None) -> None:
        """Add tokens of the model, as many as fit. Without log-probs each counts as 0.0."""
        ids = ids[: self.left]
        self.mask += [1] * len(ids)
        if not log_probs:
            log_probs = [0.0] * len(ids)
        self.log_probs += log_probs[: len(ids)]
        self.ids += ids

    def drop_last(self, count: int) -> None:
        """Drop the last tokens, of a turn that goes on: what ended it, or what was written past its block."""
        keep = len(self.ids) - count
        self.ids, self.mask, self.log_probs = self.ids[:keep], self.mask[:keep], self.log_probs[:keep]

    def add_output(self, ids: list[int]) -> bool:
        """Add tokens of a tool's output, as many as fit; return whether any was left out."""
        fits = ids[: self.left]
        self.mask += [0] * len(fits)
        self.log_probs += [0.0] * len(fits)
        self.ids += fits
        return len(fits) < len(ids)

    @property
    def own(self) -> list[int]:
        """The model's own tokens."""
        return without_spans(self.ids, self.tool_spans)

    @property
    def tool_spans(self) -> list[list[int]]:
        """Where the tokens of tools are: pairs [begin, end) of indices into `ids`."""
        spans: list[list[int]] = []
        for index, is_models in enumerate(self.mask):
            if is_models:
                continue
            if spans and spans[-1][1] == index:
                spans[-1][1] = index + 1
            else:
                spans.append([index, index + 1])
        return spans


def without_spans(ids: list[int], spans: Iterable[Sequence[int]]) -> list[int]:
    """Return the tokens outside of some pairs [begin, end), which are in order and do not overlap.

    Example:
        >>> without_spans([10, 11, 12, 13, 14], [[1, 3]])
        [10, 13, 14]
    """
    kept, at = [], 0
    for begin, end in spans:
        kept += ids[at:begin]
        at = end
    return kept + ids[at:]
