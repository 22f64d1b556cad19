"""A step in which selection dropped every sample: verl's pipeline needs tokens, so the step makes no update."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from still_verl.integration.transfer_queue import Batch


class EmptyStep(Exception):
    """Ends an update before its first forward pass; `batch` stands for it in the metrics of the step."""

    def __init__(self, batch: Batch) -> None:
        super().__init__("selection dropped every sample")
        self.batch = batch
