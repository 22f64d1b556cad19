"""One job on several kinds of hardware, side by side."""

from collections.abc import Sequence

from rich.table import Table

from still_verl.plan.assertions import repair
from still_verl.plan.calibration import RUN_RANGE
from still_verl.plan.fixes import problems
from still_verl.plan.hardware import Hardware
from still_verl.plan.job import Job
from still_verl.plan.memory import cache_tokens
from still_verl.plan.roofline import step_time
from still_verl.plan.tables import device_hours
from still_verl.plan.whole_run import whole_run


def comparison(job: Job, choices: Sequence[Hardware]) -> Table:
    """Lay out what a job needs on each of `choices`; nothing is changed but what verl or vLLM would refuse."""
    table = Table("hardware", "runs", title=f"{job.name}, {job.steps} steps", title_justify="left")
    for column in ("hours", "GPU hours", "days, as whole runs took"):
        table.add_column(column, justify="right")
    for hardware in choices:
        table.add_row(hardware.label, *row(job, hardware))
    return table


def row(job: Job, hardware: Hardware) -> list[str]:
    """Return the cells of one kind of hardware; no times where a replica cannot run at all."""
    job, broken = repair(job, hardware)
    found = problems(job, hardware)
    verdict = "yes"
    if found:
        verdict = f"no: {found[0]}"
    elif broken:
        verdict = "with " + " ".join(one.override for one in broken)
    if job.tensor_parallel > hardware.count or cache_tokens(job, hardware) == 0:
        return [verdict, "", "", ""]
    times = [step_time(job, hardware, stage) for stage in job.stages]
    total = sum(device_hours(job, hardware, times, whole_run(job, hardware)).values())
    hours = total / hardware.count
    low, high = RUN_RANGE[0] * hours / 24, RUN_RANGE[1] * hours / 24
    return [verdict, f"{hours:,.1f}", f"{total:,.0f}", f"{low:,.1f} to {high:,.1f}"]
