"""`still-verl data difficulty`: how hard the problems of a training set are for a model."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from still_verl.cli.evaluation import model_or_folder
from still_verl.cli.evaluation_options import arguments, refuse_unread
from still_verl.cli.evaluation_probe import say
from still_verl.cli.output import cause, console, only_errors, stop

if TYPE_CHECKING:
    from still_verl.curation.difficulty.settings import DifficultySettings
    from still_verl.evaluation.setup import Settings

READ_BESIDE_FROM = frozenset(
    ("source", "model", "output", "from_", "band", "confidence", "prior", "keep", "verifier", "rescore", "as_json")
)
GOES_ON = "what was drawn is kept, and the same command goes on from there"
EXAMPLES = """
Examples:

[bold]still-verl data difficulty sets/v1 --from evaluations/v1 -o sets/v1-graded[/]  by samples that exist

[bold]still-verl data difficulty sets/v1 Qwen/Qwen2.5-7B --keep in -o sets/v1-graded[/]  asks a model as often as needed
"""


def difficulty(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A training set: parquet, JSONL, a curated folder.")],
    model: Annotated[str, typer.Argument(help="Weights or a name; beside --from only the name that is noted.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder that is written.")] = Path("graded"),
    from_: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Samples that exist: an evaluation, a dump, a run; can be given again."),
    ] = None,
    band: Annotated[tuple[float, float], typer.Option(help="The pass rates that are wanted.")] = (0.2, 0.8),
    confidence: Annotated[float, typer.Option(help="The probability from which on a decision counts.")] = 0.95,
    prior: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Beta(a, b) of a pass rate; by default it is fitted to the problems.", metavar="A B"),
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="in, below, above or undecided; by default in and undecided.")
    ] = None,
    at_a_time: Annotated[int, typer.Option(help="Samples of a problem that are drawn between two looks.")] = 4,
    most: Annotated[int, typer.Option(help="Samples of a problem that are drawn, at most.")] = 64,
    min_chance: Annotated[
        float, typer.Option(help="A problem gets no more samples if the chance that they decide it is below.")
    ] = 0.2,
    temperature: Annotated[float, typer.Option(help="Of the samples; a rate depends on it.")] = 1.0,
    top_p: Annotated[float, typer.Option(help="Mass of the tokens that are drawn from.")] = 1.0,
    max_tokens: Annotated[int | None, typer.Option(help="The longest response.")] = None,
    seed: Annotated[int, typer.Option(help="Of the run; each sample has its own seed made from it.")] = 0,
    engine: Annotated[str, typer.Option(help="vllm, openai, or a dotted name of yours.")] = "",
    url: Annotated[str, typer.Option(help="Address of an OpenAI-compatible server.")] = "",
    concurrency: Annotated[int, typer.Option(help="Samples that are asked for at once.")] = 64,
    timeout: Annotated[float, typer.Option(help="Seconds until a request is given up.")] = 3600.0,
    attempts: Annotated[int, typer.Option(help="How often a sample is asked for where the server fails.")] = 6,
    engine_arg: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for vLLM, or the request's body.")] = None,
    prompt: Annotated[str, typer.Option(help="chat, raw or tokens.")] = "",
    template: Annotated[str | None, typer.Option(help="Chat template: a name of still/prompt, or a file.")] = None,
    tokenizer: Annotated[str, typer.Option(help="For --prompt tokens; else the model.")] = "",
    verifier: Annotated[str, typer.Option(help="Which verifier counts: strict or lenient.")] = "strict",
    rescore: Annotated[bool, typer.Option("--rescore", help="Judge also where the file has a verdict.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Grade problems by a model's pass rate with its uncertainty, and drop those that are too easy or too hard.

    A problem is decided only where its posterior is sure of the band. A killed run goes on where it was.
    """
    from still_verl.config_errors import ConfigError, one_of
    from still_verl.curation.difficulty.grade import grade, read_source
    from still_verl.curation.difficulty.posterior import Band, Beta, Mixture
    from still_verl.curation.difficulty.sequential import Rule
    from still_verl.curation.difficulty.settings import KEPT, DifficultySettings
    from still_verl.evaluation.engines.base import EngineError, EngineOptions
    from still_verl.evaluation.score import Scorer
    from still_verl.evaluation.setup import Settings
    from still_verl.rewards.equivalence.reading import READINGS

    try:
        refuse_unread(context, READ_BESIDE_FROM)
        one_of("--verifier", verifier, READINGS)
        # Checked above: mypy sees text.
        reading: Any = verifier
        believed = Mixture((Beta(*(prior or ())),))
        settings = DifficultySettings(
            source,
            output,
            samples=tuple(from_ or (output / "samples",)),
            rule=Rule(Band(*band), confidence, believed, at_a_time, most, min_chance, prior is None),
            keep=tuple(keep or KEPT),
            model=model,
            scorer=Scorer(verifier=reading, rescore=rescore, keep_text=False),
        )
        found = read_source(source, output)
        notes = []
        if not from_:
            if not (model or url or engine):
                raise ConfigError("INPUT: name a MODEL or a --url that is asked, or --from for samples that exist")
            of_engine = arguments("--engine-arg", engine_arg)
            sampling = {"k": at_a_time, "temperature": temperature, "top_p": top_p}
            if max_tokens is not None:
                sampling["max_tokens"] = max_tokens
            run = Settings(
                benchmarks=(str(found.file.path),),
                output=output / "samples",
                engine=engine,
                options=EngineOptions(model_or_folder(model), url, concurrency, timeout, attempts, of_engine),
                sampling=sampling,
                seed=seed,
                prompt=prompt,
                template=template,
                tokenizer=tokenizer,
            )
            notes = _drawn(run, settings)
        graded = grade(settings, found)
    except EngineError as error:
        stop(f"{error}; {GOES_ON}")
    except (ConfigError, OSError, ValueError) as error:
        stop(" ".join(cause(error).split()))
    except KeyboardInterrupt:
        stop(f"interrupted; {GOES_ON}", 130)
    if as_json:
        typer.echo(json.dumps(graded.manifest))
    else:
        console.print(_table(graded.manifest))
    say([*notes, *graded.notes])


@only_errors()
def _drawn(run: "Settings", settings: "DifficultySettings") -> list[str]:
    from still_verl.cli.evaluation_progress import Progress
    from still_verl.curation.difficulty.draw import draw
    from still_verl.evaluation.setup import make_run

    plan, engine, notes = make_run(run)
    try:
        with Progress() as watch:
            return [*notes, *draw(plan, engine, settings.scorer, settings.rule, watch)]
    finally:
        engine.close()


def _table(manifest: dict[str, Any]) -> Any:
    from rich.table import Table

    found, counts = manifest["difficulty"], manifest["counts"]
    low, high = found["band"]
    table = Table("pass rate", "rows", "")
    table.add_row(f"in {low:g} to {high:g}", f"{found['decisions']['in']:,}")
    table.add_row("below: too hard", f"{found['decisions']['below']:,}")
    table.add_row("above: too easy", f"{found['decisions']['above']:,}")
    without = f"{found['without_samples']:,} of them without a sample" if found["without_samples"] else ""
    table.add_row("undecided", f"{found['decisions']['undecided']:,}", without, end_section=True)
    samples = f"{found['samples'] / counts['rows']:.1f} samples a row"
    table.add_row("kept", f"{counts['kept']:,}", f"of {counts['rows']:,}, {samples}")
    return table
