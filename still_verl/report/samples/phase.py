"""What is kept of all samples of a phase, training or validation: a few instructive ones, and some to search in."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from still_verl.monitor.samples import prompt_hash
from still_verl.report.samples.choice import Choice
from still_verl.report.samples.kept import KeptSample
from still_verl.report.samples.lengths import Lengths

KEPT = 256  # samples of the first and of the last step in which pairs are looked for
LONGEST = 2
Change = Callable[[KeptSample], KeptSample]

Pair = tuple[KeptSample, KeptSample]  # the same prompt in the first and in the last step


@dataclass
class StepSamples:
    """Some samples of one step; `step` is None before the first sample of all.

    If there are too many, those of the same prompts are kept of every step: those with the smallest hash.
    """

    step: int | None = None
    _heap: list[tuple[int, int, KeptSample]] = field(default_factory=list)

    def add(self, sample: KeptSample, rank: int) -> None:
        """Keep a sample if it is of this step, and not more than `KEPT`; `rank` is its place in the files."""
        if sample.step != self.step:
            return
        heapq.heappush(self._heap, (-prompt_hash(sample.prompt), -rank, sample))
        if len(self._heap) > KEPT:
            heapq.heappop(self._heap)

    @property
    def samples(self) -> list[KeptSample]:
        """The samples in the order of the files."""
        return [sample for _, _, sample in sorted(self._heap, key=_file_order)]

    def fill(self, change: Change) -> None:
        """Replace each sample by what a function makes of it."""
        self._heap = [(place, rank, change(sample)) for place, rank, sample in self._heap]

    def pick(self, correct: bool | None, number: int = 1) -> list[KeptSample]:
        """Return the first samples that were right (True), wrong (False), or of which nothing is known (None)."""
        chosen = [sample for sample in self.samples if sample.correct is correct]
        return chosen[:number]

    def by_prompt(self) -> dict[str, KeptSample]:
        """Return the first sample of each prompt."""
        found: dict[str, KeptSample] = {}
        for sample in self.samples:
            found.setdefault(sample.prompt, sample)
        return found


@dataclass
class PhaseSamples:
    """What is kept of all samples of one phase.

    Attributes:
        first, last: samples of the first and of the last step.
        longest: by whether they were right, the longest of all steps, as a heap of (length, rank, sample).
        seen: samples of all steps.
        counts: samples seen, by step.
        chosen: those that a page can be searched for, see `choice`.
        lengths: of all of them, by step.
        judged: by step and hash of the prompt, how many samples were judged, and how many of them were right.
    """

    first: StepSamples = field(default_factory=StepSamples)
    last: StepSamples = field(default_factory=StepSamples)
    longest: dict[bool | None, list[tuple[int, int, KeptSample]]] = field(default_factory=dict)
    seen: int = 0
    counts: Counter[int] = field(default_factory=Counter)
    chosen: Choice = field(default_factory=Choice)
    lengths: Lengths = field(default_factory=Lengths)
    judged: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)

    def add(self, sample: KeptSample) -> None:
        """Take in a sample; steps may come in any order."""
        self.seen += 1
        self.counts[sample.step] += 1
        if self.first.step is None or sample.step < self.first.step:
            self.first = StepSamples(sample.step)
        if self.last.step is None or sample.step > self.last.step:
            self.last = StepSamples(sample.step)
        rank = self.seen  # not the sum of `counts`, which takes longer with every step
        self.first.add(sample, rank)
        self.last.add(sample, rank)
        self.chosen.add(sample)
        self.lengths.add(sample)
        if sample.correct is not None and sample.phase == "validation":  # training has new problems in every step
            of_step = self.judged.setdefault(sample.step, {})
            problem = prompt_hash(sample.prompt)
            count, right = of_step.get(problem, (0, 0))
            of_step[problem] = (count + 1, right + sample.correct)
        heap = self.longest.setdefault(sample.correct, [])
        # The rank breaks ties, the earlier sample first, so that samples are never compared.
        heapq.heappush(heap, (sample.length, -rank, sample))
        if len(heap) > LONGEST:
            heapq.heappop(heap)

    def fill(self, change: Change) -> None:
        """Replace each sample that is kept by what a function makes of it."""
        self.first.fill(change)
        self.last.fill(change)
        self.chosen.fill(change)
        for correct, heap in self.longest.items():
            self.longest[correct] = [(length, rank, change(sample)) for length, rank, sample in heap]

    def pairs(self, number: int = 2) -> list[Pair]:
        """Return the same prompts in the first and in the last step: what became right, what became wrong, the rest."""
        if self.first.step == self.last.step:
            return []
        after = self.last.by_prompt()
        found = []
        for prompt, sample in self.first.by_prompt().items():
            if prompt in after:
                found.append((sample, after[prompt]))
        return sorted(found, key=_by_change)[:number]

    def rates(self, step: int) -> dict[int, Fraction]:
        """Return the share of right samples of each problem of a validation, by the hash of its prompt."""
        return {problem: Fraction(right, count) for problem, (count, right) in self.judged.get(step, {}).items()}

    def by_length(self, correct: bool | None) -> list[KeptSample]:
        """Return the longest of those that were right, wrong or unknown, longest first."""
        entries = sorted(self.longest.get(correct, []), reverse=True)
        return [sample for _, _, sample in entries]


def _by_change(pair: Pair) -> tuple[int, str]:
    before, after = pair
    if after.correct and not before.correct:
        return 0, before.prompt
    if before.correct and not after.correct:
        return 1, before.prompt
    return 2, before.prompt


def _file_order(entry: tuple[int, int, KeptSample]) -> int:
    _, rank, _ = entry
    return -rank
