"""`still-verl data curate`: from raw problems to a training set."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from still_verl.cli.output import console, only_errors, stop

if TYPE_CHECKING:
    from still_verl.curation.curate import Result
    from still_verl.curation.settings import CurateSettings

EXAMPLES = (
    "Example: [bold]still-verl data curate raw.jsonl more/ --against math500.jsonl --against aime25 -o sets/v1[/]"
)


def curate(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="JSONL (also .gz, .zst), parquet, a folder, or a hub name.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder that is written.")],
    against: Annotated[
        list[str] | None,
        typer.Option(help="An evaluation whose problems must not be in the set: a file or a benchmark."),
    ] = None,
    adapter: Annotated[str, typer.Option(help="How rows are read; a dotted name is a function of your own.")] = "auto",
    filters: Annotated[
        list[str] | None, typer.Option("--filter", help="Use only these filters; a dotted name is one of your own.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="A filter to leave out.")] = None,
    keep_suspects: Annotated[bool, typer.Option(help="Keep rows that are perhaps an evaluation problem.")] = False,
    reformulate: Annotated[
        str, typer.Option(help="choices: turn multiple choice with a value as right option into an open question.")
    ] = "",
    instruction: Annotated[
        str, typer.Option(help="What is added to each problem in the prompt, where no still/prompt says how to answer.")
    ] = "",
    data_source: Annotated[str, typer.Option(help="The source of all rows, by which a reward is chosen.")] = "",
    decisions: Annotated[
        Path | None, typer.Option(help="Decisions about single rows; by default decisions.jsonl of the output folder.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="What a model that read the problems says of them: of `still-verl data label`.")
    ] = None,
    max_rejects: Annotated[float, typer.Option(help="The share of rows that may be unreadable.")] = 0.1,
    workers: Annotated[int | None, typer.Option(help="Processes; as many as there are processors by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Make a training set: filter, find duplicates, and remove problems of the evaluations.

    Every row ends as kept, dropped (with filter and reason) or rejected (unreadable). A killed run goes on when the
    same command is given again.
    """
    import os

    from still_verl.config_errors import ConfigError
    from still_verl.curation.registries import FILTERS, check_filters
    from still_verl.curation.settings import CurateSettings

    try:
        check_filters("--without", without or ())
        chosen = tuple(name for name in filters or FILTERS if name not in (without or ()))
        settings = CurateSettings(
            inputs=tuple(inputs),
            output=output,
            against=tuple(against or ()),
            adapter=adapter,
            filters=chosen,
            instruction=instruction,
            data_source=data_source,
            keep_suspects=keep_suspects,
            reformulate=reformulate,
            max_rejects=max_rejects,
            decisions=decisions,
            labels=labels,
            workers=len(os.sched_getaffinity(0)) if workers is None else workers,
        )
        result = _run(settings)
    except ConfigError as error:
        stop(" ".join(str(error).split()))
    except KeyboardInterrupt:
        stop("interrupted; the same command goes on where it was", 130)
    if as_json:
        typer.echo(json.dumps(result.manifest))
    else:
        console.print(_table(result.manifest))
    for note in result.notes:
        typer.echo(f"note: {note}", err=True)


@only_errors()  # a filter of the user's own may print
def _run(settings: "CurateSettings") -> "Result":
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from still_verl.curation.curate import curate as run

    shown = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.completed:,.0f} rows"),
        TimeElapsedColumn(),
        console=shown,
        transient=True,
        disable=not shown.is_terminal,
    ) as bar:
        task = bar.add_task("rows", total=None)

        def progress(rows: int) -> None:
            bar.advance(task, rows)

        return run(settings, progress)


def _table(manifest: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table("what became of the rows", "rows")
    table.add_row("kept", f"{manifest['counts']['kept']:,}")
    for name, count in manifest["dropped"].items():
        table.add_row(f"dropped: {name}", f"{count:,}")
    table.add_row("rejected", f"{manifest['counts']['rejected']:,}")
    table.add_row("all", f"{manifest['counts']['rows']:,}")
    return table
