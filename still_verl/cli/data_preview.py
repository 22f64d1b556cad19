"""`data preview`: the prompts of a data set for RL as the model reads them."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from still_verl.cli.output import console, only_errors, stop

if TYPE_CHECKING:
    from still_verl.preview.preview import Preview, Shown
    from still_verl.preview.render import Renderer

EXAMPLES = (
    "Examples: [bold]still-verl data preview train.parquet --tokenizer Qwen/Qwen2.5-7B --rows 3[/], "
    "[bold]still-verl data preview train.jsonl --prompt short --json[/]"
)
COLOURS = {"system": "magenta", "user": "green", "template": "dim", "prefilled": "bold yellow"}
OTHER_COLOUR = "cyan"  # turns of the model and of tools in a longer conversation
# Control characters but tab and newline, which a terminal would obey; each has a picture in Unicode.
_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"} | {127: 0x2421}


def preview(
    file: Annotated[
        Path,
        typer.Argument(help="JSONL (also .gz, .zst) or parquet with messages or texts, or a folder of `data curate`."),
    ],
    tokenizer: Annotated[
        str | None, typer.Option(help="A model's name or folder. Without it bytes of UTF-8 stand for tokens.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            help="A choice of still/prompt (short, long, bare, raw, ...) or a Jinja file; else the model's own."
        ),
    ] = None,
    template: Annotated[
        str | None, typer.Option(help="r1_distill, qwen2.5, llama3, chatml, base, or a Jinja file.")
    ] = None,
    rows: Annotated[int | None, typer.Option(min=1, help="Look only at the first rows.")] = None,
    max_length: Annotated[
        int | None,
        typer.Option("--max-length", min=1, help="Warn of prompts with more tokens (data.max_prompt_length)."),
    ] = None,
    prompt_key: Annotated[
        str, typer.Option("--prompt-key", help="The column of prompts (data.prompt_key).")
    ] = "prompt",
    ids: Annotated[bool, typer.Option("--ids", help="Print the token ids of each part too.")] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print a list of rows with `text`, `input_ids`, `prefilled_think`, `warnings`."),
    ] = False,
) -> None:
    """Show the exact tokens that verl feeds the model for each row, by role, and what is odd in them."""
    from still_verl.config_errors import ConfigError
    from still_verl.demonstrations.rows import RowError
    from still_verl.preview.preview import Preview, choose_renderer

    try:
        with only_errors():
            renderer = choose_renderer(tokenizer, prompt, template)
            preview = Preview(renderer, max_length)
        shown = _shown(file, prompt_key, rows, preview)
        if as_json:
            typer.echo(json.dumps([_as_dict(row, tokenizer is not None) for row in shown], indent=1))
        else:
            _print(shown, renderer, ids)
    except (ConfigError, RowError) as error:
        stop(str(error))


def _shown(file: Path, column: str, rows: int | None, preview: "Preview") -> "Iterator[Shown]":
    """Yield what there is to see of each row, and say at the end which form verl would not take."""
    from still_verl.preview.rows import read_prompts

    texts = 0
    for prompt in islice(read_prompts(file, column), rows):
        texts += prompt.was_text
        yield preview.show(prompt)
    if texts:
        typer.echo(
            f"still-verl: {column} is a text in {texts} rows, shown as one turn of a user: verl takes only messages, "
            '[{"role": "user", "content": ...}]',
            err=True,
        )


def _as_dict(row: "Shown", has_tokens: bool) -> dict[str, Any]:
    return {
        "text": row.text,
        "input_ids": row.ids if has_tokens else None,
        "prefilled_think": row.prefilled_think,
        "warnings": row.faults,
    }


def _print(rows: "Iterator[Shown]", renderer: "Renderer", ids: bool) -> None:
    """Print rows in colour, and the counts of all."""
    kinds: Counter[str] = Counter()
    count = prefilled = 0
    for count, row in enumerate(rows, 1):
        prefilled += row.prefilled_think
        console.rule(f"row {count}: {len(row.ids)} {renderer.unit}, {_thinking(row)}", align="left")
        console.print(_coloured(row), soft_wrap=True)
        if ids:
            _print_ids(row, renderer)
        for fault in row.faults:
            kinds[fault.partition(":")[0]] += 1
            console.print(Text(f"warning: {_visible(fault)}", style="red"), soft_wrap=True)
    console.rule(f"{count} rows, <think> is prefilled in {prefilled}", align="left")
    for role, colour in [*COLOURS.items(), ("others", OTHER_COLOUR)]:
        console.print(Text(role, style=colour), end="  ")
    console.print()
    if not kinds:
        console.print("no warnings")
    for kind, times in kinds.most_common():
        console.print(Text(f"{kind}: {times} warnings"), soft_wrap=True)


def _thinking(row: "Shown") -> str:
    if row.prefilled_think:
        return "<think> is prefilled"
    if row.prefilled:
        return "an empty <think></think> is prefilled"
    return "<think> is not prefilled"


def _coloured(row: "Shown") -> Text:
    text = Text()
    for piece in row.pieces:
        text.append(_visible(piece.text), style=COLOURS.get(piece.role, OTHER_COLOUR))
    return text


def _print_ids(row: "Shown", renderer: "Renderer") -> None:
    """Print the ids of each part; a token over two parts is with the first."""
    spans = renderer.spans(row.text, row.ids)
    if spans is None:
        console.print(Text(f"ids: {_listed(row.ids)}"), soft_wrap=True)
        return
    end = at = 0
    for piece in row.pieces:
        end += len(piece.text)
        is_last = piece is row.pieces[-1]
        own = []
        while at < len(row.ids) and (is_last or spans[at][0] < end):
            own.append(row.ids[at])
            at += 1
        console.print(
            Text(f"{piece.role}: {_listed(own)}", style=COLOURS.get(piece.role, OTHER_COLOUR)), soft_wrap=True
        )


def _listed(ids: list[int]) -> str:
    return " ".join(map(str, ids))


def _visible(text: str) -> str:
    return text.translate(_PICTURES)
