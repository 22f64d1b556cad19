"""Chooses samples of the same prompts, in every step, out of any number of them."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from still_verl.monitor.samples import prompt_hash
from still_verl.report.samples.kept import KeptSample, identity, shortened

LIMIT = 1_500_000  # characters that are kept of the samples of a phase
ROW = 200  # characters that a sample takes beside its texts

Entry = tuple[int, int, KeptSample]


@dataclass
class Choice:
    """The samples of the prompts whose hash is smallest, as many as there is room for.

    So a prompt that is chosen in one step is chosen in every step, with all its samples; only of the last prompt that
    found room some may be missing. Long texts have lost their middle.

    Attributes:
        seen: samples that it has chosen from.
    """

    seen: int = 0
    _size: int = 0
    _heap: list[Entry] = field(default_factory=list)

    def add(self, sample: KeptSample) -> None:
        """Take in a sample, and give up those that there is no room for any more."""
        self.seen += 1
        place = -prompt_hash(sample.prompt)
        if self._size >= LIMIT and self._heap and place < self._heap[0][0]:
            return
        prompt, response = shortened(sample.prompt), shortened(sample.response)
        short = replace(sample, prompt=prompt, response=response, name=identity(sample))
        heapq.heappush(self._heap, (place, -self.seen, short))
        self._size += _size(short)
        self.narrow(LIMIT)

    def narrow(self, limit: int) -> None:
        """Give up samples until the others have no more than `limit` characters."""
        while self._size > limit and self._heap:
            _, _, dropped = heapq.heappop(self._heap)
            self._size -= _size(dropped)

    def fill(self, change: Callable[[KeptSample], KeptSample]) -> None:
        """Replace each sample by what a function makes of it."""
        self._heap = [(place, rank, change(sample)) for place, rank, sample in self._heap]

    @property
    def samples(self) -> list[KeptSample]:
        """The samples: by prompt, and of a prompt by step."""
        found = sorted(self._heap, key=_prompt_and_step)
        return [sample for _, _, sample in found]


def _size(sample: KeptSample) -> int:
    return len(sample.prompt) + len(sample.response) + ROW


def _prompt_and_step(entry: Entry) -> tuple[int, int, int]:
    place, rank, sample = entry
    return -place, sample.step, -rank
