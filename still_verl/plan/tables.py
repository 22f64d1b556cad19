"""A plan as rich tables."""

from collections.abc import Iterator

from rich.table import Table

from still_verl.plan.assertions import Broken, repair
from still_verl.plan.calibration import RUN_RANGE
from still_verl.plan.fixes import Advice, advise, problems
from still_verl.plan.hardware import GIB, Hardware
from still_verl.plan.job import Job
from still_verl.plan.memory import Phase, cache_tokens, phases
from still_verl.plan.roofline import StepTime, step_time
from still_verl.plan.whole_run import WholeRun, whole_run


def plan_tables(job: Job, hardware: Hardware, price: float | None = None) -> Iterator[Table | str]:
    """Yield what `still-verl plan` prints, piece by piece: no times where a replica cannot run at all.

    Args:
        job: what runs.
        hardware: what it runs on.
        price: of a device and hour, in any currency; None prints no cost.
    """
    yield _heading(job, hardware)
    job, broken = repair(job, hardware)
    if broken:
        yield _refusal(broken)
    yield _memory(phases(job, hardware))
    found = problems(job, hardware)
    yield from _verdict(job, hardware, found, bool(broken))
    if job.tensor_parallel > hardware.count or cache_tokens(job, hardware) == 0:
        return
    times = [step_time(job, hardware, stage) for stage in job.stages]
    beside = whole_run(job, hardware)
    hours = device_hours(job, hardware, times, beside)
    yield _steps(job, times)
    yield _cost(job, hardware, hours)
    yield _range(hardware, sum(hours.values()), price)
    yield _storage(job, hardware, beside)
    yield _assumptions(job, times)


def _heading(job: Job, hardware: Hardware) -> str:
    shape = job.shape
    size = f"{shape.parameters:,} parameters"
    if shape.experts is not None:
        size += f" ({shape.active_parameters:,} active for a token)"
    cache = f"{shape.kv_elements * job.rollout_width / 1024:.0f} KiB of KV cache a token"
    updates = f"{job.updates} updates" if job.updates > 1 else "1 update"
    longest = max(stage.max_response for stage in job.stages)
    return (
        f"{job.name} on {hardware.label}\n"
        f"model: {size}, {cache} ({shape.source})\n"
        f"step: {job.prompts} prompts of up to {job.max_prompt} tokens, {job.samples} responses of up to {longest}, "
        f"{updates}"
    )


def _memory(made: list[Phase]) -> Table:
    table = Table("GiB on each device", title="Memory, phase by phase", title_justify="left")
    for phase in made:
        table.add_column(phase.name, justify="right")
    for part in _parts(made):
        table.add_row(part, *(_gib(phase.parts.get(part, 0.0)) for phase in made))
    table.add_section()
    table.add_row("together", *(_gib(phase.total) for phase in made))
    table.add_row("left", *(_free(phase.free) for phase in made))
    return table


def _parts(made: list[Phase]) -> list[str]:
    """List the parts that any phase has, in the order of their first appearance."""
    names: list[str] = []
    for phase in made:
        for name, size in phase.parts.items():
            if size and name not in names:
                names.append(name)
    return names


def _gib(size: float) -> str:
    """Write bytes as GiB; nothing is left blank."""
    if not size:
        return ""
    return f"{size / GIB:.2f}"


def _free(free: float) -> str:
    colour = "green" if free >= 0 else "red"
    return f"[{colour}]{free / GIB:.2f}[/]"


def _refusal(broken: list[Broken]) -> str:
    lines = ["[red]It cannot run.[/]"]
    for one in broken:
        lines.append(one.problem)
    changes = " ".join(one.override for one in broken)
    return "\n".join([*lines, f"Change: {changes}", "All that follows is of the job with this change."])


def _verdict(job: Job, hardware: Hardware, found: list[str], changed: bool) -> Iterator[str]:
    if not found:
        fits = "[green]With the change it fits.[/]" if changed else "[green]It fits.[/]"
        yield f"{fits} The KV cache of a replica holds {cache_tokens(job, hardware):,} tokens."
    else:
        yield "\n".join(["[red]It does not fit.[/]", *found, _change(advise(job, hardware), hardware)])
    if job.devices != hardware.count and not hardware.is_cpu:
        yield f"Type with it: trainer.nnodes={hardware.nodes} trainer.n_gpus_per_node={hardware.per_node}"


def _change(advice: Advice, hardware: Hardware) -> str:
    if not advice.fits:
        return "No setting of ours helps: take a smaller model or devices with more memory."
    parts = ["Change:"]
    if advice.hardware.count != hardware.count:
        parts.append(f"hardware={advice.hardware.label}")
    return " ".join([*parts, *advice.overrides])


def _steps(job: Job, times: list[StepTime]) -> Table:
    table = Table("phase", title="Seconds of a step, by its longest response", title_justify="left")
    for stage in job.stages:
        table.add_column(f"{stage.max_response} tokens", justify="right")
        table.add_column("share", justify="right")
    for phase in times[0].seconds:
        row = [phase]
        for time in times:
            seconds = time.seconds[phase]
            row += [f"{seconds:,.1f}", f"{seconds / time.total:.0%}"]
        table.add_row(*row)
    table.add_section()
    step, tokens, concurrency = ["step"], ["tokens"], ["at once in a replica"]
    for time in times:
        # The second column of each stage holds shares, which these rows do not have.
        step += [f"{time.total:,.1f}", ""]
        tokens += [f"{time.tokens:,.0f}", ""]
        concurrency += [str(time.concurrency), ""]
    for row in (step, tokens, concurrency):
        table.add_row(*row)
    return table


def device_hours(job: Job, hardware: Hardware, times: list[StepTime], beside: WholeRun) -> dict[str, float]:
    """Return the hours of all devices together, by phase and by what a run takes beside its steps."""
    seconds = dict.fromkeys(times[0].seconds, 0.0)
    for stage, time in zip(job.stages, times, strict=True):
        for phase, value in time.seconds.items():
            seconds[phase] += stage.steps * value
    seconds |= beside.seconds
    return {name: hardware.count * value / 3600 for name, value in seconds.items()}


def _cost(job: Job, hardware: Hardware, hours: dict[str, float]) -> Table:
    total = sum(hours.values())
    unit = "machine hours" if hardware.is_cpu else "GPU hours"
    table = Table("phase", title=f"{job.steps} steps: {total / hardware.count:,.1f} hours", title_justify="left")
    table.add_column(unit, justify="right")
    table.add_column("share", justify="right")
    for phase, value in hours.items():
        table.add_row(phase, f"{value:,.1f}", f"{value / total:.0%}")
    table.add_section()
    table.add_row("together", f"{total:,.1f}", "")
    return table


def _range(hardware: Hardware, total: float, price: float | None) -> str:
    """Say what whole runs took of such a sum: for lengths that nobody knows before, restarts, slow nodes."""
    if hardware.is_cpu:
        return "The published runs that such sums are compared with are of GPUs: no range for a processor."
    low, high = RUN_RANGE[0] * total, RUN_RANGE[1] * total
    days = hardware.count * 24
    text = (
        f"Expect {low:,.0f} to {high:,.0f} GPU hours, {low / days:,.1f} to {high / days:,.1f} days: {RUN_RANGE[0]} to "
    )
    text += f"{RUN_RANGE[1]} times the sum, as whole runs took (docs/plan.md)."
    if price is not None:
        text += f" At {price:g} a GPU hour: {price * low:,.0f} to {price * high:,.0f}."
    return text


def _storage(job: Job, hardware: Hardware, beside: WholeRun) -> str:
    """Say what the run fills beside the memory of devices."""
    kept = "all are kept" if job.kept is None else f"{min(job.kept, beside.saves)} are kept"
    text = (
        f"{beside.saves} checkpoints of {beside.checkpoint / 1e9:,.0f} GB, {kept}: {beside.disk / 1e9:,.0f} GB of disk."
    )
    if job.kept is None and beside.saves > 1:
        text += " Bound it: trainer.max_actor_ckpt_to_keep=2."
    if beside.host:
        text += f" Offloading fills {beside.host / GIB:,.0f} GiB of each node's memory."
    return f"{text} {beside.validations} validations of {job.validation_rows} problems x {job.validation_n}."


def _assumptions(job: Job, times: list[StepTime]) -> str:
    means = ", ".join(f"{stage.mean_response:,.0f}" for stage in job.stages)
    longest = max(time.longest for time in times)
    lines = (
        f"Assumed: responses of {means} tokens on average (--mean-tokens), the longest {longest:,.0f}; the reference "
        f"runs in {job.reference_share:.0%} of the steps, the pass for old log-probs in {job.old_logprob_share:.0%}. "
        "Not counted: rewards (they are computed while others still generate). Errors against published runs: "
        "docs/plan.md."
    )
    if job.shape.experts is not None:
        lines += (
            " A mixture of experts: decoding reads the experts that an even router would choose, and utilization is "
            "that of dense models; no published run of a mixture was compared."
        )
    return lines
