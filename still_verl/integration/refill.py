"""Dynamic sampling with an end: how many prompts a step may take to be full, and what it says on the way.

verl replaces each group without a learning signal for as long as it takes: a model that is always right, or never,
would be asked for ever. Its setting `max_num_gen_batches`, which its older trainer obeyed, is read here.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from still_verl.monitor.watchdog import StalledRun

KEY = "algorithm.filter_groups"
MOST = f"{KEY}.max_num_gen_batches"
FIRST_SAID = 4  # batches; then each time that their number has doubled

_log = logging.getLogger(__name__)


@dataclass
class Refill:
    """Stands for verl's `refill_fn`, which submits fresh prompts, and submits no more than the step may take.

    Attributes:
        submit: verl's function; takes how many prompts.
        most: batches of prompts that a step may take with the first one; 0: as many as it needs.
        metric: what is compared within a group.
        batch: prompts that the step learns from.
    """

    submit: Callable[[int], Any]
    most: int
    metric: str
    batch: int = 1
    taken: int = 0  # prompts of the step beyond its first batch
    refused: int = 0  # prompts that would have been too many
    values: Counter[float] = field(default_factory=Counter)  # what the dropped groups had in common
    _said: int = 0

    def begin(self, batch: int) -> None:
        """Begin a step, or the part of one for which an asynchronous mode fills a mini-batch."""
        self.batch = batch
        self.taken = self.refused = self._said = 0
        self.values.clear()

    def __call__(self, count: int) -> None:
        allowed = min(count, self._left())
        self.refused += count - allowed
        if allowed:
            self.taken += allowed
            self.submit(allowed)

    def _left(self) -> int:
        return (self.most - 1) * self.batch - self.taken if self.most else 2**31

    def count(self, dropped: Mapping[float, int]) -> str:
        """Count groups that were dropped by the value that all of a group had.

        Returns:
            What to log; nothing most of the time.
        """
        self.values.update(dropped)
        batches = 1 + self.taken // self.batch
        if batches < max(FIRST_SAID, 2 * self._said):
            return ""
        self._said = batches
        return f"still_verl: this step has taken {batches} batches of prompts so far: {self._dropped()}"

    def check(self, ready: int) -> None:
        """Look at a step for which nothing is being generated any more.

        Args:
            ready: groups that it has.

        Raises:
            StalledRun: the step is not full, and may take no more prompts.
        """
        if self.refused and ready < self.batch:
            raise StalledRun(
                f"still_verl: {1 + self.taken // self.batch} batches of prompts gave {ready} of {self.batch} groups "
                f"for this step, and it may take no more ({MOST}={self.most}): {self._dropped()}. Choose problems that "
                f"the model solves sometimes (still-verl data difficulty), raise the bound, or set {KEY}.enable=false"
            )

    def _dropped(self) -> str:
        parts = [f"{count} had {value:g}" for value, count in self.values.most_common(3)]
        return f"of the groups whose responses all had the same {self.metric}, {', '.join(parts) or 'none is known'}"


@contextmanager
def bound_hidden(groups: Any) -> Iterator[None]:
    """Hide the bound from verl while it builds its buffer: it would warn that the bound is ignored.

    Args:
        groups: the job's `algorithm.filter_groups`.
    """
    if groups is None:
        yield
        return
    most, groups.max_num_gen_batches = groups.max_num_gen_batches, 0
    try:
        yield
    finally:
        groups.max_num_gen_batches = most
