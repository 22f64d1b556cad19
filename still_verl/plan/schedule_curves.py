"""What a recipe sets from step to step, drawn before it runs: as text, and as a picture."""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from still_verl.config import StillConfig, still_config
from still_verl.dynamics.context import budget_at
from still_verl.dynamics.schedules import ADAPTIVE, ScheduleConfig, values_of
from still_verl.plan.compose import run_length

WIDTH, HEIGHT = 72, 12  # characters of a chart
TITLES = {
    "still.kl": "KL coefficient",
    "still.entropy": "entropy coefficient",
    "still.temperature": "temperature",
    "still.schedules.lr": "learning rate",
}


@dataclass(frozen=True)
class ScheduleCurve:
    """One setting over a run: `values[i]` is used in step i + 1."""

    name: str
    values: list[float]

    @property
    def limits(self) -> tuple[float, float]:
        """Choose the ends of the vertical axis: from 0, unless that would flatten the curve."""
        low, high = min(self.values), max(self.values)
        top = 1.05 * high or 1.0  # an axis of no height cannot be drawn
        if low <= high / 2 or low == high:
            return 0.0, top
        return 0.95 * low, top


def schedule_curves(config: DictConfig, steps: int | None = None) -> tuple[list[ScheduleCurve], list[str]]:
    """Return the curves of a job, and a sentence for each setting that follows the run and cannot be drawn before it.

    Args:
        config: the whole job's.
        steps: length of the run; None takes `trainer.total_training_steps`.

    Raises:
        ConfigError: the length of the run is not given, or it is below 1 step.
    """
    total = run_length(config, steps)
    still = still_config(config)
    drawn: list[ScheduleCurve] = []
    following: list[str] = []
    for key, schedule in still.driven.items():
        name = TITLES.get(key, key)
        if schedule.kind == ADAPTIVE:
            following.append(_following(name, schedule))
        else:
            drawn.append(ScheduleCurve(name, values_of(schedule, total)))
    if still.context.stages:
        drawn.append(ScheduleCurve("response budget", _budgets(still, total)))
    return drawn, following


def _budgets(still: StillConfig, total: int) -> list[float]:
    return [float(budget_at(still.context, step) or 0) for step in range(1, total + 1)]


def _following(name: str, schedule: ScheduleConfig) -> str:
    bounds = f"between {schedule.floor:g} and {schedule.ceiling:g}"
    return f"{name}: starts at {schedule.start:g} and follows the target {schedule.target:g}, {bounds}"


def as_text(curve: ScheduleCurve) -> str:
    """Draw a chart of `WIDTH` x `HEIGHT` characters."""
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(WIDTH, HEIGHT)
    plotext.title(curve.name)
    plotext.xlabel("step")
    plotext.plot(range(1, len(curve.values) + 1), curve.values, marker="dot")
    plotext.ylim(*curve.limits)
    return plotext.build()


def write_png(drawn: list[ScheduleCurve], path: Path) -> None:
    """Draw all curves below each other into one picture."""
    import matplotlib

    matplotlib.use("Agg")  # draws without a screen
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(drawn), squeeze=False, figsize=(7, 2.2 * len(drawn)), layout="constrained")
    for axis, curve in zip(axes[:, 0], drawn, strict=True):
        axis.step(range(1, len(curve.values) + 1), curve.values, where="mid")
        axis.set(title=curve.name, xlabel="step", ylim=curve.limits)
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
