"""A few telling samples out of many: files are read as a stream, and memory does not grow with them."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from still_verl.monitor.jsonl import finite, json_lines

KEPT = 256  # samples of the first and of the last step in which pairs are looked for
LONGEST = 2


@dataclass(frozen=True)
class Sample:
    """One response of a model.

    Attributes:
        step: of training.
        phase: "training" or "validation".
        correct: None when neither `acc` nor a score tells.
        tokens: of the response; None when the file does not say.
        facts: what else the file says, in words.
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
        """Tokens, or characters where tokens are unknown."""
        return len(self.response) if self.tokens is None else self.tokens


@dataclass
class Shelf:
    """What is kept of one phase.

    Attributes:
        first, last: the step and some samples of it.
        longest: by whether they were right, the longest of all steps.
        counts: samples seen, by step.
    """

    first: tuple[int, list[Sample]] | None = None
    last: tuple[int, list[Sample]] | None = None
    longest: dict[bool | None, list[tuple[int, int, Sample]]] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)

    def add(self, sample: Sample) -> None:
        self.counts[sample.step] += 1
        self.first = _hold(self.first, sample, self.first is None or sample.step < self.first[0])
        self.last = _hold(self.last, sample, self.last is None or sample.step > self.last[0])
        heap = self.longest.setdefault(sample.correct, [])
        # The count breaks ties, so that samples are never compared.
        entry = (sample.length, -self.counts.total(), sample)
        heapq.heappush(heap, entry) if len(heap) < LONGEST else heapq.heappushpop(heap, entry)

    def pick(self, which: str, correct: bool | None, number: int = 1) -> list[Sample]:
        """The first samples of the step "first" or "last" that were right, or wrong."""
        _, samples = getattr(self, which) or (0, [])
        return [sample for sample in samples if sample.correct is correct][:number]

    def pairs(self, number: int = 2) -> list[tuple[Sample, Sample]]:
        """The same prompt in the first and in the last step, what changed from wrong to right before the rest."""
        if self.first is None or self.last is None or self.first[0] == self.last[0]:
            return []
        before = {sample.prompt: sample for sample in reversed(self.first[1])}
        after = {sample.prompt: sample for sample in reversed(self.last[1])}
        found = [(before[prompt], after[prompt]) for prompt in before if prompt in after]
        return sorted(found, key=lambda pair: (_changed(pair), pair[0].prompt))[:number]

    def by_length(self, correct: bool | None) -> list[Sample]:
        """The longest, longest first."""
        return [sample for _, _, sample in sorted(self.longest.get(correct, []), key=lambda e: e[:2], reverse=True)]


def _hold(held: tuple[int, list[Sample]] | None, sample: Sample, renew: bool) -> tuple[int, list[Sample]]:
    if held is None or renew:
        return sample.step, [sample]
    if sample.step == held[0] and len(held[1]) < KEPT:
        held[1].append(sample)
    return held


def _changed(pair: tuple[Sample, Sample]) -> int:
    before, after = pair
    return 0 if after.correct and not before.correct else 1 if before.correct and not after.correct else 2


def read_shelves(path: Path) -> dict[str, Shelf]:
    """Shelves by phase, of still_verl's sample files, and of verl's dumps for a phase that those do not have."""
    shelves = _shelve(sample for file in sorted(path.glob("samples*.jsonl")) for sample in _read(file, "training"))
    dumped = ((file, "validation" if "val" in file.parent.name.lower() else "training") for file in _dumps(path))
    return shelves | _shelve(s for file, phase in dumped if phase not in shelves for s in _read(file, phase))


def _shelve(samples: Iterable[Sample]) -> dict[str, Shelf]:
    shelves: dict[str, Shelf] = {}
    for sample in samples:
        shelves.setdefault(sample.phase, Shelf()).add(sample)
    return shelves


def _dumps(path: Path) -> list[Path]:
    """Files that verl names by their step: `rollout_data_dir` and `validation_data_dir`."""
    found = [*path.glob("*.jsonl"), *path.glob("*/*.jsonl")]
    return sorted((file for file in found if file.stem.isdigit()), key=lambda file: (str(file.parent), int(file.stem)))


def _read(path: Path, phase: str) -> Iterator[Sample]:
    return (_sample(row, phase) for row in json_lines(path) if isinstance(row.get("step"), int))


def _sample(row: dict[str, Any], phase: str) -> Sample:
    """A line of ours (prompt, response, gold) or of verl's (input, output, gts)."""
    said = str(row.get("phase") or phase)
    score, acc = finite(row.get("score")), finite(row.get("acc"))
    verdict = score if acc is None else acc
    tokens = finite(row.get("tokens"))
    return Sample(
        step=row["step"],
        phase="validation" if said.startswith("val") else "training",
        prompt=str(row.get("prompt", row.get("input", ""))),
        response=str(row.get("response", row.get("output", ""))),
        gold=_text(row.get("gold", row.get("gts"))),
        pred=_text(row.get("pred")),
        correct=None if verdict is None else verdict > 0,
        score=score,
        tokens=None if tokens is None else int(tokens),
        facts=_facts(row),
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _facts(row: dict[str, Any]) -> tuple[str, ...]:
    how = [f"compared by {row['reason']}" if row.get("reason") else ""]
    how += ["cut at the limit" if row.get("truncated") else "", "not learned from" if row.get("dropped") else ""]
    terms = row["terms"] if isinstance(row.get("terms"), dict) else {}
    how += [f"{name} {value:g}" for name, value in terms.items() if finite(value) is not None]
    return tuple(filter(None, how))
