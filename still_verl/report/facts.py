"""What a run was, in a few words: recipe, model, data, seed, hardware, time and tokens."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from still_verl.monitor.metric_names import STEP_SECONDS
from still_verl.report.comparison.arms import SEED, seed_of
from still_verl.report.run import Run

TOKENS = ("perf/total_num_tokens", "num_tokens")  # of a step, prompts included
MODEL, SFT_MODEL = "actor_rollout_ref.model.path", "model.path"
DATA, HELD_OUT = "data.train_files", "data.val_files"
INTERPOLATED = re.compile(r"\$\{[\w.]+:([^${}]+)\}")
FILES = 2  # that are named


def facts(run: Run) -> list[tuple[str, str]]:
    """Return (name, text) of what is known about a run; what is not known is left out."""
    found = {
        "recipe": _recipe(run),
        "model": _file_names(run.config.get(MODEL) or run.config.get(SFT_MODEL)),
        "training data": _file_names(run.config.get(DATA)),
        "held-out data": _file_names(run.config.get(HELD_OUT)),
        "seed": _seed(run),
        "hardware": _hardware(run),
        "time": _time(run),
        "tokens": _tokens(run),
        "steps": str(run.steps[-1]) if run.steps else "",
        "log": run.format,
    }
    return [(name, text) for name, text in found.items() if text]


def common_facts(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return (name, text) of what is the same in all runs."""
    first, *others = [facts(run) for run in runs]
    return [fact for fact in first if all(fact in of_run for of_run in others)]


def _recipe(run: Run) -> str:
    names = [entry.partition("=")[2] for entry in run.overrides if entry.lstrip("+").startswith("recipe=")]
    return ", ".join(names) or str(run.config.get("still.name") or "")


def _seed(run: Run) -> str:
    """Return the seeds that the command line set; without any, those of the configuration."""
    seeds = [key for key in sorted(run.config) if SEED.search(key)]
    overridden = {entry.lstrip("+").partition("=")[0] for entry in run.overrides}
    return seed_of(run, [key for key in seeds if key in overridden] or seeds)


def _file_names(value: Any) -> str:
    """Return the last two parts of paths: of the data `math/train.parquet`, of a model `Qwen/Qwen3-8B`."""
    paths = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    names = [_short(str(path)) for path in paths if path]
    shown = ", ".join(names[:FILES])
    if len(names) > FILES:
        shown += f" and {len(names) - FILES} more"
    return shown


def _short(path: str) -> str:
    # The file keeps interpolations as they were written: of `${still.demo_model:tiny/model}` the path is what counts.
    asked = INTERPOLATED.fullmatch(path)
    if asked:
        path = asked[1]
    elif path.startswith("${"):
        return path
    return "/".join(PurePath(path).parts[-2:])


def _hardware(run: Run) -> str:
    nodes, devices = run.config.get("trainer.nnodes"), run.config.get("trainer.n_gpus_per_node")
    if nodes is None or devices is None:
        return ""
    kind = str(run.config.get("trainer.device") or "device")
    if "+cpu" in run.versions.get("torch", ""):
        kind = "CPU"
    return f"{nodes} × {devices} {kind}"


def _time(run: Run) -> str:
    key = run.first_of(*STEP_SECONDS)
    if key is None:
        return ""
    return duration(sum(value for _, value in run.known(key)))


def duration(seconds: float) -> str:
    """Write a time for people.

    Example:
        >>> duration(59.4), duration(3700), duration(200_000)
        ('59 s', '1 h 1 min', '2 d 7 h')
    """
    whole = round(seconds)
    for size, name, smaller, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // smaller} {part}"
    return f"{whole} s"


def _tokens(run: Run) -> str:
    key = run.first_of(*TOKENS)
    if key is None:
        return ""
    return f"{sum(value for _, value in run.known(key)):,.0f}"
