"""Evaluations in words: what was measured, what it says of the better model, and what it cannot say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from still_verl.report.evaluation.evaluation import Evaluation
from still_verl.report.evaluation.tables import interval, percent, probability, with_error
from still_verl.stats.paired import BETTER, CANNOT_TELL, WORSE, Comparison

FAULTY = 5  # problems with fewer samples that are named
NAME = 60  # characters of a name: it may be the text of the problem


@dataclass(frozen=True)
class Verdict:
    """The head of a page.

    Attributes:
        headline: one sentence.
        mood: `good`, `bad` or nothing, by which the page colours it.
        sentences: what else there is to say.
    """

    headline: str
    mood: str
    sentences: list[str]


def verdict(evaluations: Sequence[Evaluation], comparisons: Mapping[str, Comparison]) -> Verdict:
    """Say what some evaluations measured; of two models, which is better where."""
    measured = []
    for evaluation in evaluations:
        name = ""
        if len(evaluations) > 1:
            name = f"{evaluation.name} on "
        for benchmark in evaluation.numbers:
            measured.append(f"{name}{_measured(evaluation, benchmark)}")
        measured += [f"{evaluation.name}: {note}" for note in evaluation.notes]
    if not measured:
        return Verdict("No sample was scored.", "", [])
    if not comparisons:
        return Verdict(measured[0], "", measured[1:])
    first, second = evaluations
    found = []
    for benchmark, comparison in comparisons.items():
        found.append(f"{_result(first.name, second.name, benchmark, comparison)} {_seen(comparison)}")
    measured += _of_one(evaluations, comparisons)
    if len(comparisons) > 1:
        measured.append(f"The p values are corrected for {len(comparisons)} benchmarks (Holm).")
    return Verdict(found[0], _mood(comparisons), found[1:] + measured)


def _measured(evaluation: Evaluation, benchmark: str) -> str:
    found = evaluation.numbers[benchmark]
    if found["avg"] is None:
        return f"{benchmark}: no sample could be judged."
    text = (
        f"{benchmark}: {with_error(found['avg'], found['stderr'])} % of {found['problems']:,} problems with "
        f"{found['k']:,} samples each; 95 % interval {interval(found['interval'])}."
    )
    incomplete = found["incomplete"]
    if incomplete:
        text += f" {len(incomplete):,} problems have fewer samples, and are left out of pass@k: {_named(incomplete)}."
    return text


def _named(incomplete: Mapping[str, int]) -> str:
    """Name some problems with the samples that they have."""
    parts = [f"{name:.{NAME}} ({count})" for name, count in list(incomplete.items())[:FAULTY]]
    if len(incomplete) > FAULTY:
        parts.append("and others")
    return ", ".join(parts)


def _of_one(evaluations: Sequence[Evaluation], comparisons: Mapping[str, Comparison]) -> list[str]:
    """Name what is not compared: benchmarks and problems that only one model has samples of."""
    sentences = []
    for evaluation in evaluations:
        for benchmark in evaluation.numbers:
            if benchmark not in comparisons:
                sentences.append(f"{benchmark} is not compared: only {evaluation.name} has samples of its problems.")
    for benchmark, comparison in comparisons.items():
        if comparison.unpaired:
            names = ", ".join(f"{name:.{NAME}}" for name in comparison.unpaired[:FAULTY])
            sentences.append(
                f"{benchmark}: {len(comparison.unpaired):,} problems of one model only are left out: {names}."
            )
    return sentences


def _result(first: str, second: str, benchmark: str, comparison: Comparison) -> str:
    size = f"{100 * abs(comparison.difference):.2f} ± {percent(comparison.stderr)} points"
    p = f"p = {probability(comparison.p_holm)}".replace("= <", "<")
    if comparison.verdict in (BETTER, WORSE):
        return f"{first} is {comparison.verdict} than {second} on {benchmark}, by {size} ({p})."
    if comparison.verdict == CANNOT_TELL:
        return f"Nobody can tell which is better on {benchmark}: they are {size} apart ({p})."
    return f"{first} and {second} are {comparison.verdict} on {benchmark}: they are {size} apart ({p})."


def _seen(comparison: Comparison) -> str:
    if comparison.detectable is None:
        return "All problems differ alike, so it is not known which difference could have been seen."
    points = 100 * comparison.detectable
    return f"This comparison finds a true difference of {points:.1f} points in 80 of 100 cases."


def _mood(comparisons: Mapping[str, Comparison]) -> str:
    verdicts = {comparison.verdict for comparison in comparisons.values()}
    if WORSE in verdicts:
        return "bad"
    if BETTER in verdicts:
        return "good"
    return ""
