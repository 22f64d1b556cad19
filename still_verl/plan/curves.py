"""What a recipe sets from step to step, drawn before it runs: as text, and as a picture."""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from still_verl.config import StillConfig, still_config
from still_verl.config_errors import ConfigError
from still_verl.dynamics.context import budget_at
from still_verl.dynamics.schedules import ADAPTIVE, ScheduleConfig, value_at

WIDTH, HEIGHT = 72, 12  # characters of a chart


@dataclass(frozen=True)
class Curve:
    """One setting over a run: `values[i]` is used in step i + 1."""

    name: str
    values: list[float]

    @property
    def limits(self) -> tuple[float, float]:
        """Of the vertical axis: from 0, unless that would flatten the curve."""
        low, high = min(self.values), max(self.values)
        return (0.0 if low <= high / 2 or low == high else 0.95 * low), 1.05 * high or 1.0


def job_config(overrides: list[str]) -> DictConfig:
    """The config of `python -m verl.trainer.main_ppo OVERRIDES`. `ConfigError` with Hydra's first line."""
    import verl  # noqa: F401  (puts our recipes on the search path)
    from hydra import compose, initialize_config_module
    from hydra.errors import HydraException

    try:
        with initialize_config_module("verl.trainer.config", version_base=None):
            return compose("ppo_trainer", overrides)
    except HydraException as error:
        raise ConfigError(str(error).splitlines()[0]) from error


def curves(config: DictConfig, steps: int | None = None) -> tuple[list[Curve], list[str]]:
    """The curves of a job, and a sentence for each setting that follows the run and cannot be drawn before it.

    Args:
        config: the whole job's.
        steps: length of the run; None takes `trainer.total_training_steps`.

    Raises:
        ConfigError: nobody says how long the run is.
    """
    total = steps or config.trainer.total_training_steps
    if not total:
        raise ConfigError("trainer.total_training_steps=null: the run's length follows from its data; give --steps")
    still = still_config(config)
    named = {"KL coefficient": still.kl, "entropy coefficient": still.entropy, "temperature": still.temperature}
    drawn = [
        Curve(name, [value_at(schedule, time, total) for time in range(total)])
        for name, schedule in named.items()
        if schedule.scheduled
    ]
    if still.context.stages:
        drawn.append(Curve("response budget", _budgets(still, total)))
    return drawn, [_following(name, schedule) for name, schedule in named.items() if schedule.kind == ADAPTIVE]


def _budgets(still: StillConfig, total: int) -> list[float]:
    return [float(budget_at(still.context, step) or 0) for step in range(1, total + 1)]


def _following(name: str, schedule: ScheduleConfig) -> str:
    bounds = f"between {schedule.floor:g} and {schedule.ceiling:g}"
    return f"{name}: starts at {schedule.start:g} and follows the target {schedule.target:g}, {bounds}"


def as_text(curve: Curve) -> str:
    """A chart of characters."""
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(WIDTH, HEIGHT)
    plotext.title(curve.name)
    plotext.xlabel("step")
    plotext.plot(range(1, len(curve.values) + 1), curve.values, marker="dot")
    plotext.ylim(*curve.limits)
    return plotext.build()


def write_png(drawn: list[Curve], path: Path) -> None:
    """All curves below each other in one picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(drawn), squeeze=False, figsize=(7, 2.2 * len(drawn)), layout="constrained")
    for axis, curve in zip(axes[:, 0], drawn, strict=True):
        axis.step(range(1, len(curve.values) + 1), curve.values, where="mid")
        axis.set(title=curve.name, xlabel="step", ylim=curve.limits)
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
