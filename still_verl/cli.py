"""still-verl: one command line, each command a few lines that call a room of the package."""

import json
from pathlib import Path
from typing import Annotated

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
