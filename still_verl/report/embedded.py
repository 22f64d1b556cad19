"""What a page carries to be searched and picked: samples, and every metric."""

from collections.abc import Iterable, Sequence
from typing import Any

from still_verl.report.curves import arrays, thin, xy
from still_verl.report.formulas.find import PATTERN, formulas_in
from still_verl.report.formulas.render import render
from still_verl.report.run import Run
from still_verl.report.samples.kept import KeptSample, identity
from still_verl.report.samples.phase import PhaseSamples

CHARACTERS = 6_000_000  # of all samples that a page has; compressed they take a quarter, or less
POINTS, LEAST_POINTS, ALL_POINTS = 200, 20, 500_000  # of a metric of a run at most, at least, and of all of them


def embedded_samples(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return the samples that a page has, by run, as JSON values; only runs that have some."""
    phases = sum(len(run.samples) for run in runs)
    found = []
    for run in runs:
        for kept in run.samples.values():
            kept.chosen.narrow(CHARACTERS // phases)
        rows, prompts = _rows(run)
        if rows:
            found.append({"run": run.name, "alarms": alarm_steps(run), "prompts": prompts, "samples": rows})
    return found


def embedded_formulas(runs: Sequence[Run], shown: Iterable[KeptSample], served: bool = False) -> dict[str, Any]:
    """Return how the page finds formulas, and the trees of those that it has.

    Args:
        runs: whose samples can be searched.
        shown: the samples that the page shows without a search.
        served: the page asks for the formulas of what it finds.
    """
    samples = list(shown)
    for run in () if served else runs:
        for kept in run.samples.values():
            samples += kept.chosen.samples
    texts = []
    for sample in samples:
        texts += [sample.prompt, sample.response]
    return {"pattern": PATTERN, "trees": render(formulas_in(texts))}


def about_samples(runs: Sequence[Run], served: bool = False) -> str:
    """Say which samples a page has, of how many; one that is served finds all of them."""
    phases: list[PhaseSamples] = [kept for run in runs for kept in run.samples.values()]
    total = sum(kept.chosen.seen for kept in phases)
    here = sum(len(kept.chosen.samples) for kept in phases)
    if served or here == total:
        return f"All {total:,} samples that were kept or dumped."
    return (
        f"{here:,} of the {total:,} samples that were kept or dumped: those of the prompts with the smallest hash, in "
        "every step. The others are in the files of the run, and in the page of --serve."
    )


def _rows(run: Run) -> tuple[list[list[Any]], list[str]]:
    """Return rows of values, as assets/samples.js reads them, and the prompts that they count from."""
    prompts: dict[str, int] = {}
    rows: list[list[Any]] = []
    for phase in sorted(run.samples, reverse=True):
        for sample in run.samples[phase].chosen.samples:
            prompt = prompts.setdefault(sample.prompt, len(prompts))
            rows.append(_row(sample, prompt))
    return rows, list(prompts)


def _row(sample: KeptSample, prompt: int) -> list[Any]:
    texts = [sample.response, sample.gold, sample.pred]
    figures = [sample.correct, sample.score, sample.tokens, list(sample.facts)]
    return [sample.step, sample.phase, prompt, *texts, *figures, sample.source, sample.cut, identity(sample)]


def alarm_steps(run: Run) -> list[int]:
    """Return the logged steps at which some alarm of a run was active."""
    steps: set[int] = set()
    for stretches in run.alarms().values():
        for first, last in stretches:
            steps.update(step for step in run.steps if first <= step <= last)
    return sorted(steps)


def embedded_metrics(runs: Sequence[Run]) -> dict[str, dict[str, list[Any]]]:
    """Return (steps, values) of every metric of every run, by metric and run, thinned; without what never changes."""
    lines = []
    for run in runs:
        for name in run.series:
            values = [value for _, value in run.known(name)]
            if len(values) > 1 and min(values) < max(values):
                lines.append((name, run))
    points = max(min(POINTS, ALL_POINTS // max(len(lines), 1)), LEAST_POINTS)
    found: dict[str, dict[str, list[Any]]] = {}
    for name, run in sorted(lines, key=lambda line: line[0]):
        drawn = xy(*thin(*arrays(run, name), points))
        found.setdefault(name, {})[run.name] = [drawn["x"], drawn["y"]]
    return found
