"""How far is the planner's sum from what whole runs took, and does its range hold on runs that it was not fitted to?

    python benchmarks/plan_whole_runs.py

One factor is fitted, on half of the projects of `plan_runs.py`: the geometric mean of published over planned hours. The
printed range is that factor, divided and multiplied by the root of `WIDTH`: the widest that is still of use. Then the
other half is looked at, once.
"""

import math
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from still_verl.plan import calibration
from still_verl.plan.hardware import parse_hardware
from still_verl.plan.roofline import step_time
from still_verl.plan.tables import device_hours
from still_verl.plan.whole_run import whole_run

sys.path.insert(0, str(Path(__file__).parent))

from plan_runs import Published, halves  # noqa: E402

WIDTH = 3.0


def planned(run: Published) -> dict[str, float]:
    """Add up the planner's hours of all devices, by phase, over the parts of a run."""
    hours: dict[str, float] = {}
    for part in run.parts:
        hardware = parse_hardware(part.hardware)
        times = [step_time(part.job, hardware, stage) for stage in part.job.stages]
        for phase, value in device_hours(part.job, hardware, times, whole_run(part.job, hardware)).items():
            hours[phase] = hours.get(phase, 0.0) + value
    return hours


def ratio(run: Published) -> float:
    """Return how many times the planned hours a run took."""
    return run.hours / sum(planned(run).values())


def fit(runs: list[Published]) -> tuple[float, float]:
    """Fit the range of multiples of the planned sum to `runs`."""
    logarithms = [math.log(ratio(run)) for run in runs]
    middle = math.exp(sum(logarithms) / len(logarithms))
    return middle / math.sqrt(WIDTH), middle * math.sqrt(WIDTH)


def holds(run: Published, low: float, high: float) -> bool:
    """Say whether the hours of a run lie in the range."""
    return low <= ratio(run) <= high


def main() -> None:
    """Print both halves, run by run, with the range that the first gives."""
    fitted, held_out = halves()
    low, high = fit(fitted)
    middle = math.sqrt(low * high)
    table = Table("half", "run", "published", "planned", "times", "range", "in it", "of the middle", "largest phases")
    for half, runs in (("fitted", fitted), ("held out", held_out)):
        for run in runs:
            hours = planned(run)
            total = sum(hours.values())
            shares = sorted(hours, key=lambda phase: -hours[phase])[:3]
            largest = ", ".join(f"{phase} {hours[phase] / total:.0%}" for phase in shares)
            span = f"{low * total:,.0f} to {high * total:,.0f}"
            verdict = "yes" if holds(run, low, high) else "no"
            row = (half, run.name, f"{run.hours:,.0f}", f"{total:,.0f}", f"{run.hours / total:.2f}", span, verdict)
            table.add_row(*row, f"{run.hours / total / middle:.2f}", largest)
        table.add_section()
    console = Console(width=170)
    console.print(table)
    console.print(f"fitted: {low:.2f} to {high:.2f} times the sum; in calibration.py {calibration.RUN_RANGE}")


if __name__ == "__main__":
    main()
