"""Several runs beside each other: final figures, and what their configurations differ in."""

from collections.abc import Sequence
from dataclasses import dataclass

from still_verl.monitor.metric_names import (
    ACCURACY,
    ENTROPY,
    FINISHED,
    KL,
    LENGTH,
    SCORE,
    STEP_SECONDS,
    TRUNCATED,
)
from still_verl.report.change import tenths
from still_verl.report.comparison.arms import Arm, differing, runs_of, text, without_seeds
from still_verl.report.comparison.sentences import outcome, points
from still_verl.report.comparison.verdicts import Verdict
from still_verl.report.curves import number
from still_verl.report.run import Run

SETTINGS = (
    "actor_rollout_ref.model.path",
    "algorithm.adv_estimator",
    "actor_rollout_ref.rollout.n",
    "actor_rollout_ref.rollout.temperature",
    "actor_rollout_ref.actor.optim.lr",
    "actor_rollout_ref.actor.kl_loss_coef",
    "actor_rollout_ref.actor.entropy_coeff",
    "data.train_batch_size",
    "data.max_prompt_length",
    "data.max_response_length",
    "trainer.total_training_steps",
    "trainer.n_gpus_per_node",
    "trainer.nnodes",
)
TableRow = tuple[str, list[str]]  # the heading of a row, and a text for each column


@dataclass(frozen=True)
class Table:
    """A table that the page can sort: the heading of its first column, those of the others, and its rows."""

    first: str
    columns: list[str]
    rows: list[TableRow]


@dataclass(frozen=True)
class FinalFigure:
    """A row of the table of final figures.

    Attributes:
        keys: metrics, of which the first that a run has is shown.
        share: whether values are shares, shown in percent.
    """

    label: str
    keys: tuple[str, ...]
    share: bool = False


VALIDATION_FIGURES = (
    FinalFigure("validation accuracy, standard error", ("still/validation/problems/stderr",), share=True),
    FinalFigure("validation, tokens of a response", ("still/validation/length/mean",)),
    FinalFigure("validation, finished", ("still/validation/completion/finished",), share=True),
    FinalFigure("validation, answered", ("still/validation/completion/answered",), share=True),
)
TRAINING_FIGURES = (
    FinalFigure("training accuracy", ACCURACY, share=True),
    FinalFigure("score", SCORE),
    FinalFigure("tokens of a response", LENGTH),
    FinalFigure("finished", FINISHED, share=True),
    FinalFigure("cut at the limit", TRUNCATED, share=True),
    FinalFigure("answered", ("still/completion/answered",), share=True),
    FinalFigure("entropy", ENTROPY),
    FinalFigure("KL", KL),
    FinalFigure("seconds a step", STEP_SECONDS),
)


def final_figures(runs: Sequence[Run]) -> list[TableRow]:
    """Make a row for each figure that some run has, with a text for each run, "" where it has none.

    Shown are the last validation, and of training the means of the last tenth of the steps.
    """
    rows = _validation_accuracies(runs)
    for figure in VALIDATION_FIGURES:
        rows.append((figure.label, [_last_value(run, figure) for run in runs]))
    for figure in TRAINING_FIGURES:
        rows.append((figure.label, [_last_tenth(run, figure) for run in runs]))
    rows.append(("alarms", [_alarm_names(run) for run in runs]))
    rows.append(("steps", [_last_step(run) for run in runs]))
    return [row for row in rows if any(row[1])]


def _validation_accuracies(runs: Sequence[Run]) -> list[TableRow]:
    """Make a row for the accuracy in all, and one for each source of problems, in order of their names."""
    sources: set[str] = set()
    for run in runs:
        sources.update(label for label, _ in run.validations())
    in_all = "validation"
    names = {in_all: "validation accuracy"}
    for source in sorted(sources - {in_all}):
        names[source] = f"validation accuracy, {source}"
    rows = []
    for source, name in names.items():
        texts = []
        for run in runs:
            key = dict(run.validations()).get(source, "")
            texts.append(_last_value(run, FinalFigure(name, (key,), share=True)))
        rows.append((name, texts))
    return rows


def _last_value(run: Run, figure: FinalFigure) -> str:
    key = run.first_of(*figure.keys)
    if key is None:
        return ""
    _, value = run.known(key)[-1]
    return number(value, figure.share)


def _last_tenth(run: Run, figure: FinalFigure) -> str:
    key = run.first_of(*figure.keys)
    if key is None:
        return ""
    change = tenths(run, key)
    if change is None:  # a single step
        return _last_value(run, figure)
    return number(change.last, figure.share)


def _alarm_names(run: Run) -> str:
    return ", ".join(run.alarms()).replace("_", " ") or "none"


def _last_step(run: Run) -> str:
    if not run.steps:
        return ""
    return str(run.steps[-1])


def run_table(arms: Sequence[Arm]) -> Table:
    """Make a row for each run: its arm, its seed and its final figures."""
    rows: list[TableRow] = []
    for arm in arms:
        for run, seed in zip(arm.runs, arm.seeds, strict=True):
            rows.append((run.name, [arm.name, seed]))
    columns = ["arm", "seed"]
    for label, texts in final_figures(runs_of(arms)):
        columns.append(label)
        for (_, cells), figure in zip(rows, texts, strict=True):
            cells.append(figure)
    return Table("run", columns, rows)


def difference_table(arms: Sequence[Arm]) -> Table | None:
    """Make a row for each arm, with the settings that are not the same in all runs; None where all are the same.

    Seeds are left out: the table of runs has them.
    """
    keys = without_seeds(differing(runs_of(arms)))
    if not keys:
        return None
    rows: list[TableRow] = []
    for arm in arms:
        cells = [str(len(arm.runs))]
        for key in keys:
            cells.append(text(arm.runs[0].config.get(key, "")))
        rows.append((arm.name, cells))
    return Table("arm", ["runs", *keys], rows)


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """Make a row for each pair of arms and source: the difference with its interval, p, and the outcome."""
    rows = []
    for verdict in verdicts:
        found = verdict.comparison
        p = f"{verdict.p_holm:.2g}"
        if found.interval is None:
            p = ""
        cells = [verdict.second, verdict.source, points(found.difference, found.interval, sign=True)]
        rows.append((verdict.first, [*cells, p, outcome(verdict), f"{found.method}, {verdict.when}"]))
    return Table("arm", ["against", "source", "difference", "p", "outcome", "how"], rows)


def settings(run: Run) -> list[tuple[str, str]]:
    """Return (key, value) of what decides a run: all of `still`, and what one asks first of a verl job."""
    ours = [key for key in sorted(run.config) if key.startswith("still.")]
    found = []
    for key in [*SETTINGS, *ours]:
        value = run.config.get(key)
        if value not in (None, [], ""):
            found.append((key, text(value)))
    return found
