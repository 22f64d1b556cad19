"""The comparison of runs as a page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from still_verl.report.comparison.arms import Arm, differing, runs_of
from still_verl.report.comparison.parting import first_difference, partings
from still_verl.report.comparison.sentences import telling
from still_verl.report.comparison.tables import Table, difference_table, run_table, verdict_table
from still_verl.report.comparison.verdicts import compare_arms, sources
from still_verl.report.curves import number
from still_verl.report.run import Run

PARTINGS = 30  # metrics that are named
SENTENCES = 12  # pairs that are said in words
HELD_OUT = "data.val_files"


@dataclass(frozen=True)
class Comparison:
    """What a page says of several runs.

    Attributes:
        sentences: one for each pair of arms, on the first source.
        notes: what else is to be said of the comparison.
        first_difference: where two runs are first not the same; empty for more than two.
    """

    sentences: list[str]
    notes: list[str]
    runs: Table
    verdicts: Table
    differences: Table | None
    partings: Table | None = None
    first_difference: str = ""


def compare(arms: Sequence[Arm]) -> Comparison:
    """Compare arms; where all runs are of one arm, each run with each other."""
    compared = list(arms)
    notes = []
    if len(arms) == 1:
        (arm,) = arms
        compared = [Arm(run.name, [run], [seed]) for run, seed in zip(arm.runs, arm.seeds, strict=True)]
        notes.append("The settings of these runs do not differ, beside seeds: what differs is chance.")
    verdicts = compare_arms(compared)
    first = sources(compared)[0]
    of_first = [verdict for verdict in verdicts if verdict.source == first]
    said = telling(of_first, SENTENCES)
    if not said:
        notes.append("No two of them have an accuracy that could be compared.")
    if len(said) < len(of_first):
        notes.append(f"{len(of_first) - len(said):,} pairs more are in the table.")
    if HELD_OUT in differing(runs_of(arms)):
        notes.append(f"Their held-out data are not the same ({HELD_OUT}): accuracies of other problems do not compare.")
    runs = runs_of(compared)
    found = Comparison(said, notes, run_table(arms), verdict_table(verdicts), difference_table(arms))
    if len(runs) == 2:
        return _with_partings(found, *runs)
    return found


def _with_partings(found: Comparison, first: Run, second: Run) -> Comparison:
    """Add where two runs part."""
    rows = []
    for parting in partings(first, second)[:PARTINGS]:
        rows.append((parting.metric, [str(parting.step), *(number(value) for value in parting.values)]))
    table = Table("metric", ["from step", first.name, second.name], rows)
    notes = list(found.notes)
    if rows:
        metric, cells = rows[0]
        notes.append(f"They are clearly apart from step {cells[0]} on, first in {metric}.")
    return Comparison(
        found.sentences,
        notes,
        found.runs,
        found.verdicts,
        found.differences,
        table,
        _said_of_first_difference(first, second),
    )


def _said_of_first_difference(first: Run, second: Run) -> str:
    difference = first_difference(first, second)
    rule = "A metric is listed from the step from which both stay apart, to the end, by four standard errors."
    if difference is None:
        return f"No metric that both logged is different, times left out. {rule}"
    step, metric = difference
    return f"The first number that is not the same is {metric} at step {step}. {rule}"
