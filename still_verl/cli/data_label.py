"""`still-verl data label`: a model reads the problems of a data set, and says what is wrong with them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from still_verl.cli.evaluation import model_or_folder
from still_verl.cli.evaluation_options import arguments
from still_verl.cli.evaluation_probe import say
from still_verl.cli.output import cause, console, only_errors, stop

if TYPE_CHECKING:
    from still_verl.curation.labels.label import Labelled, LabelSettings

GOES_ON = "what was read is kept, and the same command goes on from there"
EXAMPLES = """
Examples:

[bold]still-verl data label raw.jsonl --model Qwen/Qwen3-8B -o labels[/]  by vLLM on this machine

[bold]still-verl data label raw.jsonl --url http://host:8000/v1 -o labels[/]  by a server

[bold]still-verl data curate raw.jsonl --labels labels -o sets/v1[/]  uses what was read
"""


def label(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="The input of `data curate`, or rows that it wrote.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder that is written.")],
    model: Annotated[str, typer.Option(help="Weights, a name, or the name of a model on a server.")] = "",
    url: Annotated[str, typer.Option(help="Address of an OpenAI-compatible server.")] = "",
    labels: Annotated[
        list[str] | None, typer.Option("--label", help="Ask for these labels only; each is one of the rubric.")
    ] = None,
    rubric: Annotated[
        Path | None, typer.Option(help="Markdown with rows `| label | when it fits |`, in place of ours.")
    ] = None,
    adapter: Annotated[str, typer.Option(help="How rows are read; a dotted name is a function of your own.")] = "auto",
    max_tokens: Annotated[int, typer.Option(help="The longest reply, thoughts and all.")] = 4096,
    engine: Annotated[str, typer.Option(help="vllm, openai, or a dotted name of yours.")] = "",
    concurrency: Annotated[int, typer.Option(help="Problems that are asked about at once.")] = 64,
    timeout: Annotated[float, typer.Option(help="Seconds until a request is given up.")] = 600.0,
    attempts: Annotated[int, typer.Option(help="How often a request is sent where the server fails.")] = 6,
    engine_arg: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for vLLM, or the request's body.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Have a model read each problem once, by a rubric; `data curate --labels` then drops what it labelled.

    A killed run goes on where it was. Problems without a usable reply are left to the filters.
    """
    from still_verl.config_errors import ConfigError
    from still_verl.curation.labels.label import LabelSettings
    from still_verl.curation.labels.rubric import read_rubric
    from still_verl.evaluation.engines.base import EngineError, EngineOptions

    try:
        if not (model or url or engine):
            raise ConfigError("--model: name weights, or give the --url of a server")
        settings = LabelSettings(
            inputs=tuple(inputs),
            output=output,
            rubric=read_rubric(rubric, tuple(labels or ())),
            adapter=adapter,
            engine=engine,
            options=EngineOptions(
                model_or_folder(model), url, concurrency, timeout, attempts, arguments("--engine-arg", engine_arg)
            ),
            max_tokens=max_tokens,
        )
        found = _labelled(settings)
    except EngineError as error:
        stop(f"{error}; {GOES_ON}")
    except (ConfigError, OSError, ValueError) as error:
        stop(" ".join(cause(error).split()))
    except KeyboardInterrupt:
        stop(f"interrupted; {GOES_ON}", 130)
    if as_json:
        typer.echo(json.dumps({name: value for name, value in vars(found).items() if name != "notes"}))
    else:
        console.print(_table(found))
    say(_notes(found))


@only_errors()
def _labelled(settings: "LabelSettings") -> "Labelled":
    from still_verl.cli.evaluation_progress import Progress
    from still_verl.curation.labels.label import label as run

    with Progress() as watch:
        return run(settings, watch)


def _table(found: "Labelled") -> Any:
    from rich.table import Table

    table = Table("label", "problems")
    for name, count in found.counts.items():
        table.add_row(name, f"{count:,}")
    table.add_section()
    table.add_row("read", f"{found.read:,}")
    table.add_row("all", f"{found.problems:,}")
    return table


def _notes(found: "Labelled") -> list[str]:
    notes = list(found.notes)
    if found.rejected:
        notes.append(f"rows that cannot be read, as `data curate` would say: {found.rejected:,}")
    for why, count in found.unread.items():
        notes.append(f"problems without labels, {why}: {count:,}")
    return notes
