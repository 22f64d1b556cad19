"""A step in which selection dropped every sample: verl's pipeline needs tokens, so the step makes no update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from still_verl.integration.transfer_queue import Batch

# What upstream's metrics say of the columns that `without_update` fills in.
_FILLED_IN = ("critic/advantages/", "critic/returns/", "critic/values/", "critic/vf_explained_var")


class EmptyStep(Exception):
    """Ends an update before its first forward pass; all samples of `batch` were dropped."""

    def __init__(self, batch: Batch) -> None:
        super().__init__("selection dropped every sample")
        self.batch = batch


def forget_filled_in(metrics: dict[str, Any]) -> None:
    """Remove what upstream computes of a step without update: a critic, e.g., would explain all the variance of 0."""
    for name in list(metrics):
        if name.startswith(_FILLED_IN):
            del metrics[name]
