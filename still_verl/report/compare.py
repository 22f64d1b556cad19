"""Several runs beside each other: final figures, and what their configurations differ in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
from still_verl.report.curves import number
from still_verl.report.run import Run

# Where a run is, and when: never the reason why two runs differ.
PLACES = (
    "still.run_dir",
    "hydra.",
    "trainer.default_local_dir",
    "trainer.rollout_data_dir",
    "trainer.validation_data_dir",
)
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
TableRow = tuple[str, list[str]]  # the heading of a row, and a text for each run


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


def differences(runs: Sequence[Run]) -> list[TableRow]:
    """Make a row for each key of the configuration whose value is not the same in all runs."""
    keys: set[str] = set()
    for run in runs:
        keys.update(run.config)
    rows = []
    for key in sorted(keys):
        texts = [_text(run.config.get(key, "")) for run in runs]
        if len(set(texts)) > 1 and not key.startswith(PLACES):
            rows.append((key, texts))
    return rows


def settings(run: Run) -> list[tuple[str, str]]:
    """Return (key, value) of what decides a run: all of `still`, and what one asks first of a verl job."""
    ours = [key for key in sorted(run.config) if key.startswith("still.")]
    found = []
    for key in [*SETTINGS, *ours]:
        value = run.config.get(key)
        if value not in (None, [], ""):
            found.append((key, _text(value)))
    return found


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return str(value)
