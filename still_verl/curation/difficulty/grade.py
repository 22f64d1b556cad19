"""A whole grading: reads a training set and samples, decides about each problem, and writes what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation.difficulty.columns import COLUMNS, Grade
from still_verl.curation.difficulty.matching import Matcher
from still_verl.curation.difficulty.outputs import write
from still_verl.curation.difficulty.posterior import posterior
from still_verl.curation.difficulty.samples import Tally, provenance, tallies
from still_verl.curation.difficulty.sequential import ENOUGH, Rule, fitted
from still_verl.curation.difficulty.settings import DifficultySettings
from still_verl.curation.difficulty.training_set import TrainingSet, read_training_set
from still_verl.curation.manifest import read_manifest
from still_verl.curation.output_folder import check_output
from still_verl.curation.set_files import TRAIN
from still_verl.logs.files import Notes

NO_SAMPLES = "rows of which no sample counts, undecided: {n}"
FEW = "the prior is Beta({prior}): it is fitted from {n} problems with samples on"
NOTHING_KEPT = "no row is kept: the set is empty"


@dataclass(frozen=True)
class Graded:
    """What came of it: the manifest as it was written, and what there is to know beside it."""

    manifest: dict[str, Any]
    notes: list[str]


def grade(settings: DifficultySettings, source: TrainingSet) -> Graded:
    """Grade the problems of a training set by samples that exist, and write the set with its new columns.

    Raises:
        ConfigError: the samples cannot be read, are not of one model, or none is of a problem of the set.
        OSError: the output cannot be written.
    """
    notes = Notes()
    drawn_with = provenance(settings.samples)
    matcher = Matcher(source.questions)
    counted = tallies(settings.samples, matcher, replace(settings.scorer, keep_text=False), notes)
    settings = replace(settings, rule=fitted(settings.rule, ((each.right, each.samples) for each in counted)))
    if settings.rule.fit_prior and sum(each.samples > 0 for each in counted) < ENOUGH:
        notes.add(FEW.format(prior=", ".join(f"{value:g}" for value in settings.rule.prior.parts[0]), n=ENOUGH))
    by_problem = [_grade(tally, settings.rule) for tally in counted]
    grades = [by_problem[number] for number in matcher.problem_of]
    _note_gaps(settings, grades, notes)
    return Graded(write(settings, source, grades, drawn_with), notes.texts())


def read_source(path: Path, output: Path) -> TrainingSet:
    """Read a training set, and check that it can be graded into a folder.

    Raises:
        ConfigError: it cannot be read, has a column of ours, or the folder has something else or cannot be written.
    """
    source = read_training_set(path)
    for name in COLUMNS:
        if name in source.table.column_names:
            raise ConfigError(
                f"INPUT {source.file.path}: it has a column {name} already; rename or drop it, or grade the set that "
                "has none"
            )
    check_output(output, [source.file])
    if (output / TRAIN).exists() and "difficulty" not in read_manifest(output):
        raise ConfigError(f"-o {output}: it has another training set; name another folder")
    return source


def _grade(tally: Tally, rule: Rule) -> Grade:
    known = posterior(tally.right, tally.samples, rule.prior)
    decision = rule.decide(tally.right, tally.samples)
    return Grade(tally.right, tally.samples, known.interval(rule.confidence), decision)


def _note_gaps(settings: DifficultySettings, grades: Sequence[Grade], notes: Notes) -> None:
    without = sum(each.samples == 0 for each in grades)
    if without:
        notes.add(NO_SAMPLES, without)
    if not any(each.decision in settings.keep for each in grades):
        notes.add(NOTHING_KEPT)
