"""Several runs beside each other: final figures, and what their configurations differ in."""

from collections.abc import Sequence
from typing import Any

from still_verl.report.curves import number
from still_verl.report.read import Run
from still_verl.report.verdict import tenths

# Where a run is, and when: never the reason why two runs differ.
PLACES = (
    "still.run_dir",
    "hydra.",
    "trainer.default_local_dir",
    "trainer.rollout_data_dir",
    "trainer.validation_data_dir",
)
FINAL = {
    "training accuracy": ("still/accuracy",),
    "score": ("critic/score/mean",),
    "tokens of a response": ("still/length/mean", "response_length/mean"),
    "finished": ("still/completion/finished",),
    "answered": ("still/completion/answered",),
    "entropy": ("still/entropy", "actor/entropy"),
    "KL": ("actor/kl_loss", "actor/reward_kl_penalty"),
    "seconds a step": ("perf/time_per_step", "timing_s/step"),
}
HELD_OUT = {
    "validation, tokens of a response": "still/validation/length/mean",
    "validation, finished": "still/validation/completion/finished",
    "validation, answered": "still/validation/completion/answered",
}
HELD_OUT_SHARES = ("still/validation/completion/finished", "still/validation/completion/answered")
SHARES = ("training accuracy", "finished", "answered")
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
Row = tuple[str, list[str]]


def final_figures(runs: Sequence[Run]) -> list[Row]:
    """A row for each figure that some run has, a column for each run.

    The last validation, and of training the means of the last tenth of the steps.
    """
    sources = sorted({label for run in runs for label, _ in run.validations()} - {"validation"})
    names = {"validation accuracy": "validation"} | {f"validation accuracy, {source}": source for source in sources}
    rows = [(name, [_last(run, dict(run.validations()).get(label)) for run in runs]) for name, label in names.items()]
    rows += [(name, [_last(run, key, key in HELD_OUT_SHARES) for run in runs]) for name, key in HELD_OUT.items()]
    rows += [(name, [_end(run, keys, name in SHARES) for run in runs]) for name, keys in FINAL.items()]
    rows.append(("alarms", [", ".join(run.alarms()).replace("_", " ") or "none" for run in runs]))
    rows.append(("steps", [str(run.steps[-1]) if run.steps else "" for run in runs]))
    return [row for row in rows if any(row[1])]


def _last(run: Run, key: str | None, share: bool = True) -> str:
    points = run.known(key) if key else []
    return number(points[-1][1], share) if points else ""


def _end(run: Run, keys: tuple[str, ...], share: bool) -> str:
    key = run.first_of(*keys)
    change = tenths(run, key) if key else None
    value = change.last if change else run.known(key)[-1][1] if key else None
    return "" if value is None else number(value, share)


def differences(runs: Sequence[Run]) -> list[Row]:
    """The keys whose values are not the same in all runs."""
    keys = sorted({key for run in runs for key in run.config if not key.startswith(PLACES)})
    rows = [(key, [_text(run.config.get(key, "")) for run in runs]) for key in keys]
    return [row for row in rows if len(set(row[1])) > 1]


def settings(run: Run) -> list[tuple[str, str]]:
    """What decides a run: everything of `still`, and the first things that one asks of a verl job."""
    ours = [key for key in sorted(run.config) if key.startswith("still.")]
    return [(key, _text(run.config[key])) for key in [*SETTINGS, *ours] if run.config.get(key) not in (None, [], "")]


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
