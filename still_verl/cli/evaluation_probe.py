"""`eval --memorised`: has a model seen the problems of a benchmark?"""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from still_verl.cli.output import console, only_errors

if TYPE_CHECKING:
    from still_verl.evaluation.memorised import Figures
    from still_verl.evaluation.score import Scorer
    from still_verl.evaluation.setup import Settings


def print_probe(settings: "Settings", scorer: "Scorer", as_json: bool) -> None:
    """Ask a model with the beginnings of problems, and print how many it completes and answers.

    Raises:
        ConfigError: a setting that cannot work.
        EngineError: the engine cannot go on.
    """
    from still_verl.cli.evaluation_progress import Progress
    from still_verl.evaluation.journal import ROWS
    from still_verl.evaluation.memorised import figures, warnings
    from still_verl.evaluation.results import fault_lines
    from still_verl.evaluation.rows import read_rows
    from still_verl.evaluation.run import evaluate
    from still_verl.evaluation.setup import make_probe_run

    with only_errors():
        plan, engine, probe, notes = make_probe_run(settings)
        try:
            with Progress() as watch:
                finished = evaluate(plan, engine, scorer, watch)
        finally:
            engine.close()
    found = figures(probe, read_rows(plan.folder / ROWS))
    if as_json:
        typer.echo(json.dumps(found))
    else:
        console.print(_table(found))
    say([*notes, *finished.notes, *fault_lines(finished.rows), *warnings(found)])


def _table(found: Mapping[str, "Figures"]) -> Table:
    table = Table(title="Problems that are continued from their beginning, in percent", title_justify="left")
    table.add_column("benchmark")
    for column in ("beginning", "problems", "to the letter", "answered"):
        table.add_column(column, justify="right")
    for name, by_share in found.items():
        for share, figures in by_share.items():
            cells = [f"{share} %", f"{figures['problems']:,}"]
            cells += [_percent(figures["completed"]), _percent(figures["answered"])]
            table.add_row(Text(printable(name)), *cells)
    return table


def _percent(share: float | int | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def say(notes: Iterable[str]) -> None:
    """Print notes on the error stream, each on its line."""
    for note in notes:
        typer.echo(f"still-verl: {printable(note)}", err=True)


def printable(text: str) -> str:
    """Return a text without what a terminal would obey: it may quote a model, a server or a file."""
    return "".join(character if character.isprintable() else " " for character in text)
