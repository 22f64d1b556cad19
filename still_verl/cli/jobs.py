"""`plan`: looks at a job before it runs."""

from pathlib import Path
from typing import Annotated

import typer

from still_verl.cli.output import console, require_verl, stop

PICTURES = (".png", ".svg", ".pdf")


def plan(
    overrides: Annotated[
        list[str], typer.Argument(help="Hydra overrides, as of main_ppo: +recipe=NAME ..., and hardware=8xH100-80G.")
    ],
    schedule: Annotated[bool, typer.Option("--schedule", help="Draw what changes from step to step.")] = False,
    steps: Annotated[int | None, typer.Option(help="Length of the run, where the recipe does not say it.")] = None,
    mean_tokens: Annotated[int | None, typer.Option(help="Tokens of an average response, for the step time.")] = None,
    price: Annotated[float | None, typer.Option(help="Price of a device and hour, for the cost of the run.")] = None,
    compare: Annotated[str | None, typer.Option(help="Several kinds of hardware: 8xH100,8xA100.")] = None,
    png: Annotated[Path | None, typer.Option(help="Also draw the schedules into this file.")] = None,
) -> None:
    """Look at a job before it runs: what it needs on some hardware, or what changes from step to step."""
    from still_verl.config_errors import ConfigError

    require_verl("plan")
    # `hardware` looks like an override, and is none: Hydra would refuse it.
    hydra = [override for override in overrides if not override.startswith("hardware=")]
    hardware = [override.removeprefix("hardware=") for override in overrides if override not in hydra]
    try:
        if schedule:
            _refuse("--schedule", {"--price": price, "--mean-tokens": mean_tokens, "--compare": compare})
            _draw_schedules(hydra, steps, png)
        elif compare is not None:
            _refuse("--compare", {"--png": png, "--price": price})
            _compare(compare, hydra, steps, mean_tokens)
        elif len(hardware) == 1:
            _refuse("hardware", {"--png": png})
            _plan_on(hardware[0], hydra, steps, mean_tokens, price)
        elif hardware:
            stop(f"hardware={', hardware='.join(hardware)}: give one, or several with --compare")
        else:
            stop("give the hardware, e.g. hardware=8xH100-80G, or use --compare or --schedule")
    except ConfigError as error:
        stop(str(error))


def _refuse(command: str, options: dict[str, object]) -> None:
    """End the process if an option is given that the command does not read."""
    for name, value in options.items():
        if value is not None:
            stop(f"{name} {value}: {command} does not read it; leave it out")


def _plan_on(
    hardware: str, overrides: list[str], steps: int | None, mean_tokens: int | None, price: float | None
) -> None:
    from still_verl.config_errors import ConfigError
    from still_verl.plan.compose import job_config
    from still_verl.plan.job import read_job
    from still_verl.plan.probe import hardware_of
    from still_verl.plan.tables import plan_tables

    if price is not None and not 0 <= price < float("inf"):
        raise ConfigError(f"--price={price:g}: an hour costs 0 or more")
    devices = hardware_of(hardware)
    job = read_job(job_config(overrides), steps, mean_tokens)
    # A table fits itself to the terminal; a sentence may be longer than a line, and stays one for `grep`.
    for piece in plan_tables(job, devices, price):
        console.print(piece, highlight=False, soft_wrap=isinstance(piece, str))


def _compare(choices: str, overrides: list[str], steps: int | None, mean_tokens: int | None) -> None:
    from still_verl.plan.compare import comparison
    from still_verl.plan.compose import job_config
    from still_verl.plan.job import read_job
    from still_verl.plan.probe import hardware_of

    hardware = [hardware_of(choice) for choice in choices.split(",")]
    console.print(comparison(read_job(job_config(overrides), steps, mean_tokens), hardware), highlight=False)


def _draw_schedules(overrides: list[str], steps: int | None, png: Path | None) -> None:
    from still_verl.plan.compose import job_config
    from still_verl.plan.schedule_curves import as_text, schedule_curves, write_png

    if png is not None and png.suffix.lower() not in PICTURES:
        stop(f"--png {png}: let its name end in {', '.join(PICTURES)}")
    drawn, following = schedule_curves(job_config(overrides), steps)
    if not drawn and not following:
        typer.echo("nothing changes from step to step")
    for curve in drawn:
        typer.echo(as_text(curve))
    for sentence in following:
        typer.echo(sentence)
    if png and drawn:
        try:
            write_png(drawn, png)
        except OSError as error:
            stop(f"--png {png} cannot be written ({error.strerror}): name a file in a folder that is there")
        console.print(f"picture: {png}", highlight=False, soft_wrap=True)
