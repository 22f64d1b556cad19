"""Chooses a few instructive samples out of many. Files are read as a stream, so memory does not grow with them."""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from still_verl.monitor.jsonl import finite, json_lines

KEPT = 256  # samples of the first and of the last step in which pairs are looked for
LONGEST = 2


@dataclass(frozen=True)
class KeptSample:
    """One response of a model, as a page shows it.

    Attributes:
        step: of training.
        phase: "training" or "validation".
        gold: the right answer; empty when the file does not have it.
        pred: the answer that was found in the response; empty for none.
        correct: None when neither `acc` nor a score says it.
        tokens: of the response; None when the file does not have the number.
        facts: what else the file says, in words, e.g. "cut at the limit" and the reward terms.
    """

    step: int
    phase: str
    prompt: str
    response: str
    gold: str
    pred: str
    correct: bool | None
    score: float | None
    tokens: int | None
    facts: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Tokens of the response, or characters where tokens are unknown."""
        if self.tokens is None:
            return len(self.response)
        return self.tokens


Pair = tuple[KeptSample, KeptSample]  # the same prompt in the first and in the last step


@dataclass
class StepSamples:
    """Some samples of one step; `step` is None before the first sample of all."""

    step: int | None = None
    samples: list[KeptSample] = field(default_factory=list)

    def add(self, sample: KeptSample) -> None:
        """Keep a sample if it is of this step, and not more than `KEPT`."""
        if sample.step == self.step and len(self.samples) < KEPT:
            self.samples.append(sample)

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
        counts: samples seen, by step.
    """

    first: StepSamples = field(default_factory=StepSamples)
    last: StepSamples = field(default_factory=StepSamples)
    longest: dict[bool | None, list[tuple[int, int, KeptSample]]] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)

    def add(self, sample: KeptSample) -> None:
        """Take in a sample; steps may come in any order."""
        self.counts[sample.step] += 1
        if self.first.step is None or sample.step < self.first.step:
            self.first = StepSamples(sample.step)
        if self.last.step is None or sample.step > self.last.step:
            self.last = StepSamples(sample.step)
        self.first.add(sample)
        self.last.add(sample)
        heap = self.longest.setdefault(sample.correct, [])
        # The rank breaks ties, the earlier sample first, so that samples are never compared.
        heapq.heappush(heap, (sample.length, -self.counts.total(), sample))
        if len(heap) > LONGEST:
            heapq.heappop(heap)

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


def read_phase_samples(path: Path) -> dict[str, PhaseSamples]:
    """Read the samples of a run folder, by phase.

    still_verl's sample files come first; verl's dumps are read for a phase that those do not have.
    """
    ours: dict[str, PhaseSamples] = {}
    for file in sorted(path.glob("samples*.jsonl")):
        _add_file(ours, file, "training")
    dumped: dict[str, PhaseSamples] = {}
    for file in _dumps(path):
        phase = "training"
        if "val" in file.parent.name.lower():
            phase = "validation"
        if phase not in ours:
            _add_file(dumped, file, phase)
    return ours | dumped


def _add_file(phases: dict[str, PhaseSamples], file: Path, phase: str) -> None:
    """Add the samples of a file; `phase` is that of rows that name none."""
    for sample in _samples(file, phase):
        phases.setdefault(sample.phase, PhaseSamples()).add(sample)


def _dumps(path: Path) -> list[Path]:
    """Find files that verl names by their step: those of `rollout_data_dir` and `validation_data_dir`."""
    found = []
    for file in [*path.glob("*.jsonl"), *path.glob("*/*.jsonl")]:
        if file.stem.isdigit():
            found.append(file)
    return sorted(found, key=_folder_and_step)


def _folder_and_step(file: Path) -> tuple[str, int]:
    return str(file.parent), int(file.stem)


def _samples(path: Path, phase: str) -> Iterator[KeptSample]:
    for row in json_lines(path):
        if isinstance(row.get("step"), int):
            yield _sample(row, phase)


def _sample(row: dict[str, Any], phase: str) -> KeptSample:
    """Read a line of ours (prompt, response, gold) or of verl's (input, output, gts)."""
    recorded = str(row.get("phase") or phase)
    return KeptSample(
        step=row["step"],
        phase="validation" if recorded.startswith("val") else "training",  # ours are called "train" and "validation"
        prompt=str(row.get("prompt", row.get("input", ""))),
        response=str(row.get("response", row.get("output", ""))),
        gold=_text(row.get("gold", row.get("gts"))),
        pred=_text(row.get("pred")),
        correct=_correct(row),
        score=finite(row.get("score")),
        tokens=_tokens(row),
        facts=_facts(row),
    )


def _correct(row: dict[str, Any]) -> bool | None:
    """Whether a response is right: above zero in `acc`, or in the score where a reward returns no `acc`."""
    figure = finite(row.get("acc"))
    if figure is None:
        figure = finite(row.get("score"))
    if figure is None:
        return None
    return figure > 0


def _tokens(row: dict[str, Any]) -> int | None:
    tokens = finite(row.get("tokens"))
    if tokens is None:
        return None
    return int(tokens)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value)


def _facts(row: dict[str, Any]) -> tuple[str, ...]:
    facts = []
    if row.get("reason"):
        facts.append(f"compared by {row['reason']}")
    if row.get("truncated"):
        facts.append("cut at the limit")
    if row.get("dropped"):
        facts.append("not learned from")
    terms = row.get("terms")
    if isinstance(terms, dict):
        for name, value in terms.items():
            if finite(value) is not None:
                facts.append(f"{name} {value:g}")
    return tuple(facts)
