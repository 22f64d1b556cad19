"""Writes a graded training set: the rows that are kept, those that are dropped, and how both came about."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from still_verl.curation.difficulty.columns import Grade, with_columns
from still_verl.curation.difficulty.posterior import posterior
from still_verl.curation.difficulty.sequential import ABOVE, BELOW, DECISIONS, INSIDE, UNDECIDED, Rule
from still_verl.curation.difficulty.settings import DifficultySettings
from still_verl.curation.difficulty.training_set import Question, TrainingSet
from still_verl.curation.manifest import sha256, versions
from still_verl.curation.set_files import DROPPED, MANIFEST, TRAIN
from still_verl.monitor.jsonl import line

# By what a row is dropped whose decision is not kept.
FILTERS = {INSIDE: "in_band", BELOW: "too_hard", ABOVE: "too_easy", UNDECIDED: "undecided"}
# What is repeated of the manifest of a curation.
CURATED = ("inputs", "counts", "dropped", "settings")


def write(
    settings: DifficultySettings, source: TrainingSet, grades: Sequence[Grade], drawn_with: Mapping[str, Any]
) -> dict[str, Any]:
    """Write `train.parquet`, `dropped.jsonl` and `manifest.json`, each whole or not there, and return the manifest.

    Args:
        settings: of the grading.
        source: the set.
        grades: of its rows, in their order.
        drawn_with: model, prompt and sampling of the samples, as far as they are known.

    Raises:
        OSError: the output cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = settings.output
    folder.mkdir(parents=True, exist_ok=True)
    how = _how(settings, drawn_with)
    table = with_columns(source.table, grades, how["model"], json.dumps(how, ensure_ascii=False))
    keep = [each.decision in settings.keep for each in grades]
    pq.write_table(table.filter(pa.array(keep)), _partial(folder / TRAIN), compression="zstd")
    dropped: Counter[str] = Counter()
    with _partial(folder / DROPPED).open("wb") as file:
        for question, each in zip(source.questions, grades, strict=True):
            if each.decision not in settings.keep:
                dropped[FILTERS[each.decision]] += 1
                file.write(line(_dropped(question, each, settings.rule)))
    for name in (TRAIN, DROPPED):
        _partial(folder / name).replace(folder / name)
    manifest = {
        "counts": {"rows": len(keep), "kept": sum(keep), "dropped": dropped.total(), "rejected": 0},
        "dropped": dict(sorted(dropped.items())),
        # `still-verl eval --trained-on` asks which evaluations the set was compared with.
        "against": source.manifest.get("against", {}),
        "inputs": {source.file.label: source.file.sha256()},
        "difficulty": {**how, "keep": list(settings.keep), **_figures(grades)},
        "versions": versions(),
        "files": {name: sha256(folder / name) for name in (TRAIN, DROPPED)},
        "made_from": _made_from(source.manifest),
    }
    _partial(folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    _partial(folder / MANIFEST).replace(folder / MANIFEST)
    return manifest


def _how(settings: DifficultySettings, drawn_with: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the grades depend on, beside the samples themselves."""
    rule = settings.rule
    said = drawn_with.get("model") or {}
    return {
        "model": settings.model or str(said.get("name") or said.get("sha256") or ""),
        "samples_of": dict(drawn_with),
        "band": list(rule.band),
        "confidence": rule.confidence,
        "prior": [[round(value, 4) for value in (share, *part)] for part, share in zip(*rule.prior, strict=True)],
        "prior_is_fitted": rule.fit_prior,
        "verifier": settings.scorer.verifier,
        "rescore": settings.scorer.rescore,
    }


def _made_from(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the curation of the set says of itself; its thresholds are in its own folder."""
    return {name: manifest[name] for name in CURATED if name in manifest}


def _figures(grades: Sequence[Grade]) -> dict[str, Any]:
    decisions = Counter(each.decision for each in grades)
    return {
        "decisions": {name: decisions[name] for name in DECISIONS},
        "samples": sum(each.samples for each in grades),
        "without_samples": sum(each.samples == 0 for each in grades),
    }


def _dropped(question: Question, grade: Grade, rule: Rule) -> dict[str, Any]:
    return {
        "id": question.id,
        "filter": FILTERS[grade.decision],
        "reason": _reason(grade, rule),
        "file": question.file,
        "problem": question.text,
        "answer": question.answer,
        "pass_rate": grade.rate,
        "n": grade.samples,
        "interval": list(grade.interval),
    }


def _reason(grade: Grade, rule: Rule) -> str:
    if not grade.samples:
        return "no sample of it counts"
    chances = posterior(grade.right, grade.samples, rule.prior).chances(rule.band)
    return (
        f"{grade.right} of {grade.samples} samples are right: the pass rate is from {rule.band.low:g} to "
        f"{rule.band.high:g} with probability {chances.inside:.3f}, below with {chances.below:.3f}, above with "
        f"{chances.above:.3f}"
    )


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")
