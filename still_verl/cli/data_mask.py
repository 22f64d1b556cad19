"""`data show-mask`: which parts of conversations are trained."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from still_verl.cli.output import console, only_errors, stop

if TYPE_CHECKING:
    from still_verl.demonstrations.masks import Stretch
    from still_verl.demonstrations.template import Template
    from still_verl.demonstrations.tokens import Tokens

EXAMPLES = (
    "Examples: [bold]still-verl data show-mask demonstrations.jsonl[/], "
    "[bold]still-verl data show-mask rows.parquet --tokenizer Qwen/Qwen2.5-7B --json[/]"
)


def show_mask(
    file: Annotated[Path, typer.Argument(help="JSONL or parquet of `messages`, or of `input_ids` and `loss_mask`.")],
    tokenizer: Annotated[
        str | None, typer.Option(help="A model's name or folder. Without it bytes of UTF-8 stand for tokens.")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            help="r1_distill, qwen2.5, llama3, chatml, base, or a Jinja file; the tokenizer's own, or else r1_distill."
        ),
    ] = None,
    train_on_outputs: Annotated[
        bool, typer.Option("--train-on-outputs", help="Train on outputs inside a turn too, as the study's release did.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of rows with `trained` and `masked`.")] = False,
) -> None:
    """Show which parts of each conversation a model is trained on: what it wrote itself and the end of its turns."""
    from still_verl.demonstrations.rows import RowError

    try:
        tokens, chosen = _tokens(tokenizer, template)
        rows = _rows(file, tokens, chosen, train_on_outputs)
        if as_json:
            typer.echo(json.dumps([_as_dict(row) for row in rows], indent=1))
        else:
            _print(rows)
    except RowError as error:
        stop(str(error))


def _tokens(name: str | None, template: str | None) -> "tuple[Tokens, Template | None]":
    from still_verl.demonstrations.template import DEFAULT, MARKS, named_template
    from still_verl.demonstrations.tokens import Bytes

    if name is not None:
        from still_verl.demonstrations.tokenizer import load

        with only_errors():
            return load(name, template)
    chosen = template or DEFAULT
    return Bytes(MARKS.get(chosen, ("", ""))[1]), named_template(chosen)


def _rows(
    file: Path, tokens: "Tokens", template: "Template | None", train_on_outputs: bool
) -> "Iterator[list[Stretch]]":
    from still_verl.demonstrations.files import read_rows
    from still_verl.demonstrations.masks import stretches, token_row
    from still_verl.demonstrations.rows import RowError

    for number, row in enumerate(read_rows(file), 1):
        try:
            yield stretches(token_row(row, tokens, template, train_on_outputs), tokens)
        except RowError as error:
            raise RowError(f"{file} row {number}: {error}") from None


def _as_dict(row: "list[Stretch]") -> dict[str, list[str]]:
    return {
        "trained": [stretch.text for stretch in row if stretch.trained],
        "masked": [stretch.text for stretch in row if not stretch.trained],
    }


def _print(rows: "Iterator[list[Stretch]]") -> None:
    """Print rows in colour, what is trained in green, with the counts of each and of all."""
    total = trained = count = 0
    for count, row in enumerate(rows, 1):
        text = Text()
        for stretch in row:
            text.append(stretch.text, style="green" if stretch.trained else "dim")
        ids = sum(stretch.tokens for stretch in row)
        own = sum(stretch.tokens for stretch in row if stretch.trained)
        console.rule(f"row {count}: {own} of {ids} tokens trained", align="left")
        console.print(text, soft_wrap=True)
        total, trained = total + ids, trained + own
    console.rule(f"{count} rows: {trained} of {total} tokens trained", align="left")
