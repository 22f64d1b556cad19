"""Reads the samples of a run folder: ours, and the dumps of verl. Files are read as a stream."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from still_verl.monitor.jsonl import json_lines
from still_verl.report.samples.kept import KeptSample, read_sample
from still_verl.report.samples.phase import PhaseSamples

TRAINING, VALIDATION = "training", "validation"


def read_phase_samples(path: Path) -> dict[str, PhaseSamples]:
    """Read the samples of a run folder, by phase.

    still_verl keeps some samples of a step, with all that is known about them; verl's dumps have all samples. One that
    is in both is taken from ours. verl tells our monitor no right answer of a validation, so it comes from a dump.
    """
    dumps = _dumps(path)
    dumped = {(phase, int(file.stem)) for phase, file in dumps}
    phases: dict[str, PhaseSamples] = {}
    in_both: Counter[bytes] = Counter()
    answers: dict[str, str] = {}  # by prompt, of those that ours lack
    for file in sorted(path.glob("samples*.jsonl")):
        for sample in _samples(file, TRAINING):
            _add(phases, sample)
            if (sample.phase, sample.step) in dumped:
                in_both[_digest(sample)] += 1
            if not sample.gold:
                answers.setdefault(sample.prompt, "")
    for phase, file in dumps:
        for sample in _samples(file, phase):
            if sample.prompt in answers and sample.gold:
                answers[sample.prompt] = sample.gold
            digest = _digest(sample)
            if in_both[digest] > 0:
                in_both[digest] -= 1
            else:
                _add(phases, sample)
    for kept in phases.values():
        kept.fill(lambda sample: _with_gold(sample, answers))
    return phases


def all_samples(path: Path) -> Iterator[KeptSample]:
    """Yield every sample of a run folder, in the order of its files; one that is in ours and in a dump comes twice."""
    for file in sorted(path.glob("samples*.jsonl")):
        yield from _samples(file, TRAINING)
    for phase, file in _dumps(path):
        yield from _samples(file, phase)


def _add(phases: dict[str, PhaseSamples], sample: KeptSample) -> None:
    phases.setdefault(sample.phase, PhaseSamples()).add(sample)


def _with_gold(sample: KeptSample, answers: dict[str, str]) -> KeptSample:
    if sample.gold or not answers.get(sample.prompt):
        return sample
    return replace(sample, gold=answers[sample.prompt])


def _digest(sample: KeptSample) -> bytes:
    text = f"{sample.phase}\0{sample.step}\0{sample.prompt}\0{sample.response}"
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=12).digest()


def _dumps(path: Path) -> list[tuple[str, Path]]:
    """Find (phase, file) of files that verl names by their step: `rollout_data_dir` and `validation_data_dir`."""
    found = []
    for file in [*path.glob("*.jsonl"), *path.glob("*/*.jsonl")]:
        if file.stem.isdigit():
            found.append((VALIDATION if "val" in file.parent.name.lower() else TRAINING, file))
    return sorted(found, key=_folder_and_step)


def _folder_and_step(dump: tuple[str, Path]) -> tuple[str, int]:
    _, file = dump
    return str(file.parent), int(file.stem)


def _samples(path: Path, phase: str) -> Iterator[KeptSample]:
    for row in json_lines(path):
        if isinstance(row.get("step"), int):
            yield read_sample(row, phase)
