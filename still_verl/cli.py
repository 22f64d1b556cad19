"""still-verl: one command line, each command a few lines that call a room of the package."""

import json
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(
    name="still-verl",
    help="STILL-3 for veRL: check an environment, build the laptop models, train the demo.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
console = Console()


@app.callback()
def main() -> None:
    """Commands around `python -m verl.trainer.main_ppo +recipe=NAME`."""


@app.command(epilog="Example: [bold]still-verl doctor --json[/]")
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print findings as JSON.")] = False) -> None:
    """Check that verl loads the plugin and that this machine can train; exit 1 with the fix when not."""
    import logging
    import warnings

    # Upstream warns of every optional engine that is absent; the table is what this command has to say.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    from still_verl.doctor import examine

    findings = examine()
    healthy = all(finding.ok for finding in findings)
    if as_json:
        typer.echo(json.dumps({"ok": healthy, "findings": [f.as_dict() for f in findings]}, indent=2))
    else:
        table = Table("", "check", "found", "what to do", title="still-verl doctor", title_justify="left")
        for f in findings:
            mark = "[green]ok[/]" if f.ok else "[red]broken[/]"
            table.add_row(mark, f.check, f.found, f.fix, style=None if f.ok else "bold")
        console.print(table)
    raise typer.Exit(0 if healthy else 1)


@app.command(epilog="Example: [bold]still-verl lab smollm2[/]")
def lab(name: Annotated[str, typer.Argument(help="tiny, smollm2, random or random-untied.")]) -> None:
    """Build a laptop model and its data, unless they are there, and print where they are."""
    from still_verl.lab.paths import prepare

    try:
        built = prepare(name)
    except (ValueError, RuntimeError) as error:
        _stop(str(error))
    for what, path in (("model", built.model), ("train", built.train), ("validation", built.val)):
        console.print(f"{what:<11}{path}", highlight=False, soft_wrap=True)


@app.command(epilog="Example: [bold]still-verl demo --recipe demo_smollm2 --seed 1[/]")
def demo(
    recipe: Annotated[str, typer.Option(help="demo (a tiny model that learns) or demo_smollm2.")] = "demo",
    seed: Annotated[int, typer.Option(help="Of the data order and the sampling.")] = 1,
    overrides: Annotated[list[str] | None, typer.Argument(help="More Hydra overrides, as of main_ppo.")] = None,
) -> None:
    """Train a model with GRPO on this machine's processor and show what it learned."""
    from still_verl.lab.demo import LABS, DemoError, run_demo

    if recipe not in LABS:
        _stop(f"--recipe {recipe}: use one of {', '.join(LABS)}")
    try:
        run_demo(recipe, seed, overrides or [], console)
    except (DemoError, ValueError) as error:
        _stop(str(error))
    except KeyboardInterrupt:
        _stop("interrupted; the job is stopped", code=130)


def _stop(message: str, code: int = 1) -> NoReturn:
    """End with one message and an exit code."""
    typer.echo(f"still-verl: {message}", err=True)
    raise typer.Exit(code)
