"""`eval`: how good a model is, with error bars."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from still_verl.cli.evaluation_options import arguments, refuse_unread
from still_verl.cli.evaluation_probe import print_probe, say
from still_verl.cli.evaluation_report import comparison_table, evaluation_of, figures_table, saved_evaluation
from still_verl.cli.output import cause, console, only_errors, stop

if TYPE_CHECKING:
    from still_verl.evaluation.rows import Row
    from still_verl.evaluation.score import Scorer
    from still_verl.evaluation.selection import Choice

GOES_ON = "what was drawn is kept, and the same command goes on from there"
EXAMPLES = """
Examples:

[bold]still-verl eval --from runs/demo/.../validation[/]  scores a validation dump of any verl job

[bold]still-verl eval Qwen/Qwen2.5-7B -b aime24 -b math500 --preset sober --data sets/ -o runs/eval/qwen[/]

[bold]still-verl eval --from runs/eval/trained --against runs/eval/base --report report.html[/]  compares two models

[bold]still-verl eval --select runs/zero_7b/2026-11-22_21-00-02 -b aime24[/]  chooses a checkpoint, then measures it

[bold]still-verl eval --url http://localhost:8000/v1 -b problems.jsonl --k 16 -o runs/eval/server[/]
"""


def evaluate(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Weights, a checkpoint of verl's, or a name on the hub or server.")] = "",
    benchmark: Annotated[list[str] | None, typer.Option("--benchmark", "-b", help="A name, or a file.")] = None,
    from_: Annotated[Path | None, typer.Option("--from", help="Score samples that exist: a dump, JSON lines.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Run folder; a rerun goes on there.")] = None,
    select: Annotated[
        Path | None, typer.Option(help="A run folder: measure the checkpoint that is best on its validation problems.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder with the benchmarks' files; else STILL_DATA.")] = None,
    preset: Annotated[str, typer.Option(help="still3, still3-zero, still3-tool, sober, or a dotted name.")] = "",
    k: Annotated[int | None, typer.Option("--k", "-k", help="Samples of each problem.")] = None,
    temperature: Annotated[float | None, typer.Option(help="0 is greedy.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Mass of the tokens that are drawn from.")] = None,
    top_k: Annotated[int | None, typer.Option(help="Number of the tokens that are drawn from.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="The longest response.")] = None,
    seed: Annotated[int, typer.Option(help="Of the run; each sample has its own seed made from it.")] = 0,
    engine: Annotated[str, typer.Option(help="vllm, openai, or a dotted name of yours.")] = "",
    url: Annotated[str, typer.Option(help="Address of an OpenAI-compatible server.")] = "",
    concurrency: Annotated[int, typer.Option(help="Samples that are asked for at once.")] = 64,
    timeout: Annotated[float, typer.Option(help="Seconds until a request is given up.")] = 3600.0,
    attempts: Annotated[int, typer.Option(help="How often a sample is asked for where the server fails.")] = 6,
    engine_arg: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for vLLM, or the request's body.")] = None,
    prompt: Annotated[str, typer.Option(help="chat, raw or tokens.")] = "",
    system: Annotated[str, typer.Option(help="System prompt.")] = "",
    template: Annotated[str | None, typer.Option(help="Chat template: a name of still/prompt, or a file.")] = None,
    think_budget: Annotated[int, typer.Option(help="Tokens of thoughts, then an answer is forced; 0: no limit.")] = 0,
    tokenizer: Annotated[str, typer.Option(help="For --prompt tokens and --code; else the model.")] = "",
    code: Annotated[bool, typer.Option("--code", help="Run the model's programs in the middle of a response.")] = False,
    code_arg: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, a setting of still.interpreter, such as max_calls=4.")
    ] = None,
    extract: Annotated[list[str] | None, typer.Option(help="Extractors of the answer, in this order.")] = None,
    verifier: Annotated[str, typer.Option(help="Which verifier counts: strict or lenient; both are shown.")] = "strict",
    rescore: Annotated[bool, typer.Option("--rescore", help="Judge also where the file has a verdict.")] = False,
    against: Annotated[
        Path | None, typer.Option(help="Samples of another model on the same problems, as for --from: which is better?")
    ] = None,
    margin: Annotated[float, typer.Option(help="Points below which two models are called equal.")] = 5.0,
    report: Annotated[
        list[Path] | None, typer.Option(help="Write a page, Markdown or JSON: a name in .html, .md or .json.")
    ] = None,
    trained_on: Annotated[
        list[Path] | None,
        typer.Option(help="A file of the training set, or a curated folder: warns of benchmarks that are in it."),
    ] = None,
    memorised: Annotated[
        bool, typer.Option("--memorised", help="Ask with the beginnings of the problems: has the model seen them?")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one object, by benchmark.")] = False,
) -> None:
    """Measure a model on benchmarks, or score samples that exist: accuracy with error bars, pass@k, maj@k.

    A killed run goes on where it was: the same command asks only for the samples that are missing.
    """
    from still_verl.config_errors import ConfigError
    from still_verl.evaluation.engines.base import EngineError, EngineOptions
    from still_verl.evaluation.results import fault_lines, forced_lines, numbers
    from still_verl.evaluation.selection import choose
    from still_verl.evaluation.setup import Settings
    from still_verl.report.evaluation.evaluation import compared
    from still_verl.report.evaluation.write import check_report, comparisons_as_json, write

    try:
        refuse_unread(context)
        for path in report or ():
            check_report(path)
        if not 0 < margin < 100:
            raise ConfigError(f"--margin {margin:g}: use more than 0 and less than 100 points")
        if memorised:
            _refuse_beside("--memorised", **{"--from": from_, "--select": select, "--against": against})
        scorer = _scorer(extract, verifier, rescore)
        choice = None
        if select is not None:
            # The run says which model is measured, and no server can be asked whether it has that one.
            _refuse_beside("--select", MODEL=model, **{"--url": url, "--from": from_})
            choice = choose(select, scorer)
            model = str(choice.checkpoint)
            output = output or select / "test"
        folder = output or _default_output(model, url)
        of_engine = arguments("--engine-arg", engine_arg)
        others = [saved_evaluation(against, scorer, bool(report))] if against is not None else []
        chosen = {"k": k, "temperature": temperature, "top_p": top_p, "top_k": top_k, "max_tokens": max_tokens}
        settings = Settings(
            benchmarks=benchmark or (),
            output=folder,
            engine=engine,
            options=EngineOptions(model_or_folder(model), url, concurrency, timeout, attempts, of_engine),
            preset=preset,
            sampling={name: value for name, value in chosen.items() if value is not None},
            seed=seed,
            prompt=prompt,
            system=system,
            template=template,
            tokenizer=tokenizer,
            data=data,
            think_budget=think_budget,
            trained_on=trained_on or (),
            code=arguments("--code-arg", code_arg) if code or code_arg else None,
        )
        if memorised:
            return print_probe(settings, scorer, as_json)
        if from_ is not None:
            if k is not None and k < 1:
                raise ConfigError(f"--k {k}: use 1 or more")
            rows, notes = _saved(from_, scorer)
            asked = dict.fromkeys({row.benchmark for row in rows}, k) if k else {}
        else:
            rows, notes, asked = _drawn(settings, scorer, choice)
        notes += [*fault_lines(rows), *forced_lines(rows)]
        found = numbers(rows, asked)
        name = model or str(from_ or folder)
        shown = [evaluation_of(name, from_ or folder, rows, found, notes, bool(report)), *others]
        comparisons = compared(shown, margin / 100)
        for path in report or ():
            write(path, shown, comparisons)
    except EngineError as error:
        stop(f"{error}; {GOES_ON}")
    except (ConfigError, OSError, ValueError) as error:
        stop(cause(error))
    except KeyboardInterrupt:
        stop(f"interrupted; {GOES_ON}", 130)
    if as_json:
        for compared_on, comparison in comparisons_as_json(comparisons).items():
            found[compared_on]["against"] = comparison
        typer.echo(json.dumps(found))
    else:
        console.print(figures_table(shown[0]))
        if comparisons:
            console.print(comparison_table(comparisons, *[each.name for each in shown]))
    say(notes)
    if not any(each["samples"] for each in found.values()):
        stop("no sample counts; the lines above say what was left out, and why")


def _scorer(extract: list[str] | None, verifier: str, rescore: bool) -> "Scorer":
    from still_verl.config_errors import one_of
    from still_verl.evaluation.score import Scorer
    from still_verl.rewards.equivalence.reading import READINGS
    from still_verl.rewards.extract import DEFAULT_EXTRACTORS
    from still_verl.rewards.registries import EXTRACTORS

    one_of("--verifier", verifier, READINGS)
    for name in extract or ():
        EXTRACTORS.find(name, "--extract")
    # Checked above: mypy sees text.
    reading: Any = verifier
    return Scorer(tuple(extract or DEFAULT_EXTRACTORS), reading, rescore, keep_text=False)


def _saved(path: Path, scorer: "Scorer") -> tuple[list["Row"], list[str]]:
    from still_verl.evaluation.saved import read_saved, saved_files
    from still_verl.logs.files import Notes

    notes = Notes()
    rows = scorer.score(read_saved(saved_files(path, notes), notes))
    return rows, notes.texts()


def _refuse_beside(option: str, **others: Any) -> None:
    from still_verl.config_errors import ConfigError

    for name, value in others.items():
        if value:
            raise ConfigError(f"{option} and {name} {value}: give only one of them")


@only_errors()
def _drawn(settings: Any, scorer: "Scorer", choice: "Choice | None") -> tuple[list["Row"], list[str], dict[str, int]]:
    from still_verl.cli.evaluation_progress import Progress
    from still_verl.evaluation.run import evaluate as run
    from still_verl.evaluation.selection import refuse_overlap
    from still_verl.evaluation.setup import make_run

    plan, engine, notes = make_run(settings)
    try:
        if choice is not None:
            refuse_overlap(choice, [each.benchmark for each in plan.asked])
            notes = [choice.sentence(), *notes]
        with Progress() as watch:
            finished = run(plan, engine, scorer, watch)
    finally:
        engine.close()
    asked = {each.benchmark.name: each.sampling.k for each in plan.asked}
    return finished.rows, [*notes, *finished.notes], asked


@only_errors()
def model_or_folder(name: str) -> str:
    """Return the name of a model, or the folder with its weights: a checkpoint of verl's is merged first."""
    folder = Path(name)
    if not name or not folder.is_dir() or (folder / "config.json").is_file():
        return name
    from still_verl.integration.merged import model_folder

    return str(model_folder(folder))


def _default_output(model: str, url: str) -> Path:
    """A folder that the same command finds again."""
    name = Path(model).name or url.partition("://")[2].strip("/").replace("/", "_") or "model"
    return Path("evaluations") / name
