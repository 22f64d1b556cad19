"""A plan as rich tables."""

from collections.abc import Iterator

from rich.table import Table

from still_verl.plan.fixes import Advice, advise, problems
from still_verl.plan.hardware import GIB, Hardware
from still_verl.plan.job import Job
from still_verl.plan.memory import cache_tokens, phases
from still_verl.plan.roofline import StepTime, step_time


def plan_tables(job: Job, hardware: Hardware) -> Iterator[Table | str]:
    """What `still-verl plan` prints, piece by piece."""
    yield _heading(job, hardware)
    yield _memory(job, hardware)
    found = problems(job, hardware)
    yield from _verdict(job, hardware, found)
    if any("a replica needs" in problem or "KV cache holds 0" in problem for problem in found):
        return
    times = [step_time(job, hardware, stage) for stage in job.stages]
    yield _steps(job, times)
    yield _cost(job, hardware, times)
    yield _assumptions(job, times)


def _heading(job: Job, hardware: Hardware) -> str:
    shape = job.shape
    cache = f"{shape.kv_elements * job.rollout_width / 1024:.0f} KiB of KV cache a token"
    longest = max(stage.max_response for stage in job.stages)
    return (
        f"{job.name} on {hardware.label}\n"
        f"model: {shape.parameters:,} parameters, {cache} ({shape.source})\n"
        f"step: {job.prompts} prompts of up to {job.max_prompt} tokens, {job.samples} responses of up to {longest}, "
        f"{job.updates} update{'s' if job.updates > 1 else ''}"
    )


def _memory(job: Job, hardware: Hardware) -> Table:
    made = phases(job, hardware)
    table = Table("GiB on each device", title="Memory, phase by phase", title_justify="left")
    for phase in made:
        table.add_column(phase.name, justify="right")
    for part in dict.fromkeys(part for phase in made for part, size in phase.parts.items() if size):
        values = [phase.parts.get(part, 0.0) / GIB for phase in made]
        table.add_row(part, *(f"{value:.2f}" if value else "" for value in values))
    table.add_section()
    table.add_row("together", *(f"{phase.total / GIB:.2f}" for phase in made))
    table.add_row("left", *(_free(phase.free) for phase in made))
    return table


def _free(free: float) -> str:
    return f"[{'green' if free >= 0 else 'red'}]{free / GIB:.2f}[/]"


def _verdict(job: Job, hardware: Hardware, found: list[str]) -> Iterator[str]:
    if not found:
        yield f"[green]It fits.[/] The KV cache of a replica holds {cache_tokens(job, hardware):,} tokens."
    else:
        yield "\n".join(["[red]It does not fit.[/]", *found, _change(advise(job, hardware), hardware)])
    if job.devices != hardware.count and hardware.name != "CPU":
        yield f"Type with it: trainer.nnodes={hardware.nodes} trainer.n_gpus_per_node={hardware.per_node}"


def _change(advice: Advice, hardware: Hardware) -> str:
    if not advice.fits:
        return "No setting of ours helps: take a smaller model or devices with more memory."
    parts = [f"hardware={advice.hardware.label}"] if advice.hardware.count != hardware.count else []
    return "Change: " + " ".join([*parts, *advice.overrides])


def _steps(job: Job, times: list[StepTime]) -> Table:
    table = Table("phase", title="Seconds of a step, by its longest response", title_justify="left")
    for stage in job.stages:
        table.add_column(f"{stage.max_response} tokens", justify="right")
        table.add_column("share", justify="right")
    for phase in times[0].seconds:
        cells = [(time.seconds[phase], time.seconds[phase] / time.total) for time in times]
        table.add_row(phase, *(cell for value, share in cells for cell in (f"{value:,.1f}", f"{share:.0%}")))
    table.add_section()
    table.add_row("step", *(cell for time in times for cell in (f"{time.total:,.1f}", "")))
    table.add_row("tokens", *(cell for time in times for cell in (f"{time.tokens:,.0f}", "")))
    table.add_row("at once in a replica", *(cell for time in times for cell in (str(time.concurrency), "")))
    return table


def _cost(job: Job, hardware: Hardware, times: list[StepTime]) -> Table:
    hours = {
        phase: hardware.count / 3600 * sum(s.steps * t.seconds[phase] for s, t in zip(job.stages, times, strict=True))
        for phase in times[0].seconds
    }
    total = sum(hours.values())
    table = Table("phase", title=f"{job.steps} steps: {total / hardware.count:,.1f} hours", title_justify="left")
    table.add_column("GPU hours" if hardware.name != "CPU" else "machine hours", justify="right")
    table.add_column("share", justify="right")
    for phase, value in hours.items():
        table.add_row(phase, f"{value:,.1f}", f"{value / total:.0%}")
    table.add_section()
    table.add_row("together", f"{total:,.1f}", "")
    return table


def _assumptions(job: Job, times: list[StepTime]) -> str:
    means = ", ".join(f"{stage.mean_response:,.0f}" for stage in job.stages)
    longest = max(time.longest for time in times)
    return (
        f"Assumed: responses of {means} tokens on average (--mean-tokens), the longest {longest:,.0f}; the reference "
        f"runs in {job.reference_share:.0%} of the steps. Not counted: validation, checkpoints, rewards (they are "
        "computed while others still generate). Errors against published runs: docs/plan.md."
    )
