"""`still-verl data diff`: what is different in two training sets."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from still_verl.cli.output import console, stop

EXAMPLES = "Example: [bold]still-verl data diff sets/v1 sets/v2[/]"


def diff(
    left: Annotated[Path, typer.Argument(metavar="A", help="A folder of `still-verl data curate`.")],
    right: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
) -> None:
    """Say what changed from one training set to another: settings, counts, and the rows that moved."""
    from still_verl.config_errors import ConfigError
    from still_verl.curation.diff import difference

    try:
        found = difference(left, right)
    except ConfigError as error:
        stop(str(error))
    if as_json:
        typer.echo(json.dumps(found))
        return
    _print(found)


def _print(found: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not any(found.values()):
        console.print("The two sets are the same.")
    changed = Table("entry of the manifest", "A", "B")
    for name, one, other in found["changed"]:
        changed.add_row(escape(name), escape(str(one)), escape(str(other)))
    moved = Table("from", "to", "rows", "for example")
    for entry in found["moved"]:
        moved.add_row(entry["from"], entry["to"], f"{entry['rows']:,}", escape(entry["example"]))
    edited = Table("kept in both, with another", "rows", "for example")
    for entry in found["edited"]:
        edited.add_row(entry["what"], f"{entry['rows']:,}", escape(entry["example"]))
    for table in (changed, moved, edited):
        if table.row_count:
            console.print(table)
