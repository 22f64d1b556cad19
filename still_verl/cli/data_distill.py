"""`data distill`: demonstrations from a teacher."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from still_verl.cli.evaluation_options import arguments
from still_verl.cli.evaluation_probe import say
from still_verl.cli.output import cause, console, only_errors, stop

if TYPE_CHECKING:
    from rich.table import Table

    from still_verl.demonstrations.distill.run import Distilled
    from still_verl.demonstrations.distill.settings import DistillSettings
    from still_verl.demonstrations.distill.setup import Distillation

GOES_ON = "what was paid for is kept, and the same command goes on from there"
EXAMPLES = """
Examples:

[bold]still-verl data distill problems.jsonl NAME --url https://HOST/v1 -o demos --token-budget 5000000[/]

[bold]still-verl data distill problems.jsonl models/r1-distill --synthesis --template r1_code -o demos[/]
"""


def distill(
    problems: Annotated[str, typer.Argument(help="Problems with right answers: JSON lines, JSON or parquet.")],
    model: Annotated[str, typer.Argument(help="Weights for vLLM, or the name of the model on the server.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Run folder; a rerun goes on there.")] = Path("demos"),
    url: Annotated[str, typer.Option(help="Address of an OpenAI-compatible server.")] = "",
    key_env: Annotated[str, typer.Option(help="The environment variable with the server's key.")] = "OPENAI_API_KEY",
    engine: Annotated[str, typer.Option(help="vllm, openai, or a dotted name of yours.")] = "",
    samples: Annotated[int, typer.Option("--samples", "-n", help="Samples of each problem.")] = 4,
    keep: Annotated[int, typer.Option(help="Demonstrations of each problem, at most.")] = 1,
    temperature: Annotated[float | None, typer.Option(help="0 is greedy.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Mass of the tokens that are drawn from.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="The longest response.")] = None,
    max_row_tokens: Annotated[int | None, typer.Option(help="The longest row with token ids, prompt included.")] = None,
    messages_only: Annotated[
        bool, typer.Option("--messages-only", help="Leave token ids out of rows: they have the teacher's own prompt.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the run; each sample has its own seed made from it.")] = 0,
    system: Annotated[str | None, typer.Option(help="What the teacher is told; else our words, in a chat.")] = None,
    template: Annotated[str, typer.Option(help="Chat template: a name of still/prompt, or a file.")] = "",
    tokenizer: Annotated[str, typer.Option(help="Of a server of vLLM's: rows then have its token ids.")] = "",
    synthesis: Annotated[
        bool, typer.Option("--synthesis", help="Cut the model's own thoughts and lead them to code by hints.")
    ] = False,
    hints: Annotated[str, typer.Option(help="Hints: a file with one on each line, or a dotted name.")] = "code",
    turn_words: Annotated[str, typer.Option(help="Words at which thoughts are cut, likewise.")] = "turns",
    most_hints: Annotated[int, typer.Option(help="Hints in one response, at most.")] = 3,
    rate: Annotated[float | None, typer.Option(help="Requests a minute, at most.")] = None,
    token_budget: Annotated[int | None, typer.Option(help="Stop after so many tokens, asked and written.")] = None,
    budget: Annotated[float | None, typer.Option(help="Stop after so much money, in the prices' currency.")] = None,
    price_in: Annotated[float | None, typer.Option(help="Price of a million tokens that are asked.")] = None,
    price_out: Annotated[float | None, typer.Option(help="Price of a million tokens that are written.")] = None,
    concurrency: Annotated[int, typer.Option(help="Samples that are asked for at once.")] = 16,
    timeout: Annotated[float, typer.Option(help="Seconds until a request is given up.")] = 1800.0,
    attempts: Annotated[int, typer.Option(help="How often a request is sent where the server fails.")] = 8,
    engine_arg: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for vLLM, or the request's body.")] = None,
    code_arg: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, a setting of still.interpreter, such as max_calls=4.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one object.")] = False,
) -> None:
    """Make demonstrations: a teacher writes, its programs run in the sandbox, and what is right becomes a row for SFT.

    A killed run goes on where it was; no reply is paid for twice. The key of a server is read from a variable only.
    """
    from still_verl.config_errors import ConfigError
    from still_verl.demonstrations.distill.settings import DistillSettings
    from still_verl.evaluation.engines.base import EngineError, EngineOptions

    try:
        of_engine = arguments("--engine-arg", engine_arg)
        chosen = {"temperature": temperature, "top_p": top_p, "max_tokens": max_tokens}
        settings = DistillSettings(
            problems,
            output,
            engine=engine,
            options=EngineOptions(model, url, concurrency, timeout, attempts, of_engine, key_variable=key_env),
            samples=samples,
            keep=keep,
            sampling={name: value for name, value in chosen.items() if value is not None},
            max_row_tokens=max_row_tokens,
            messages_only=messages_only,
            seed=seed,
            system=system,
            template=template,
            tokenizer=tokenizer,
            code=arguments("--code-arg", code_arg),
            synthesis=synthesis,
            hints=hints,
            turn_words=turn_words,
            most_hints=most_hints,
            rate=rate,
            token_budget=token_budget,
            budget=budget,
            price_in=price_in,
            price_out=price_out,
        )
        wanted, found = _distilled(settings)
    except EngineError as error:
        stop(f"{error}; {GOES_ON}")
    except (ConfigError, OSError, ValueError) as error:
        stop(cause(error))
    except KeyboardInterrupt:
        stop(f"interrupted; {GOES_ON}", 130)
    if as_json:
        typer.echo(json.dumps(_as_json(wanted, found)))
    else:
        console.print(_table(wanted, found))
    say(found.notes)


@only_errors()
def _distilled(settings: "DistillSettings") -> "tuple[Distillation, Distilled]":
    from still_verl.cli.evaluation_progress import Progress
    from still_verl.demonstrations.distill.run import distill as run
    from still_verl.demonstrations.distill.setup import make

    wanted = make(settings)
    try:
        with Progress() as watch:
            return wanted, run(wanted, watch)
    finally:
        wanted.engine.close()


def _as_json(wanted: "Distillation", found: "Distilled") -> dict[str, Any]:
    budget = wanted.budget
    counts = dict(vars(found.counts)) | {"rejected": dict(found.counts.rejected)}
    spent = {name: getattr(budget, name) for name in ("replies", "asked", "written", "unknown", "cost")}
    return counts | {"spent": spent, "stopped": wanted.paid.stopped}


def _table(wanted: "Distillation", found: "Distilled") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    from still_verl.demonstrations.distill.judge import MEANINGS

    counts, budget = found.counts, wanted.budget
    drawn = counts.samples - counts.missing
    table = Table("", "samples", "", title=escape(str(wanted.plan.folder)))
    table.add_row("kept", f"{counts.kept:,}", f"of {counts.problems:,} problems")
    for reason, meaning in MEANINGS.items():
        if counts.rejected[reason]:
            table.add_row(reason, f"{counts.rejected[reason]:,}", meaning)
    table.add_row("drawn", f"{drawn:,}", f"of {counts.samples:,}", end_section=True)
    table.add_row("with a program", f"{counts.used_code:,}", f"{counts.calls:,} programs, {counts.calls_ok:,} ran well")
    table.add_row("made-up outputs", f"{counts.own_outputs:,}", "written by the teacher, and cut")
    if counts.hints:
        table.add_row("hints", f"{counts.hints:,}", "put into thoughts")
    spent = f"{budget.asked:,} tokens asked, {budget.written:,} written"
    if budget.cost:
        spent = f"{spent}, {budget.cost:,.4f} paid"
    table.add_row("replies", f"{budget.replies:,}", spent)
    return table
