"""still-verl: one command line, each command a few lines that call a package of ours."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(
    name="still-verl",
    help="STILL-3 for veRL: check an environment, train the demo, debug a reward.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
console = Console()


@app.callback()
def main() -> None:
    """Commands around `python -m verl.trainer.main_ppo +recipe=NAME`."""


@app.command(epilog="Example: [bold]still-verl doctor --json[/]")
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print findings as JSON.")] = False,
    fusion: Annotated[str | None, typer.Option(help="URL of a SandboxFusion service that jobs will use.")] = None,
) -> None:
    """Check that verl loads the plugin and that this machine can train; exit 1 with the fix when not."""
    import logging
    import warnings

    # Upstream warns of every optional engine that is absent; the table is what this command has to say.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    from still_verl.doctor import examine

    findings = examine(fusion)
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


@app.command("demo-model", epilog="Example: [bold]still-verl demo-model smollm2[/]")
def demo_model(name: Annotated[str, typer.Argument(help="tiny, smollm2, random or random-untied.")]) -> None:
    """Build a laptop model and its data, unless they are there, and print where they are."""
    from still_verl.demo.prepare import prepare

    try:
        built = prepare(name)
    except (ValueError, RuntimeError) as error:
        _stop(str(error))
    for what, path in (("model", built.model), ("train", built.train), ("validation", built.val)):
        console.print(f"{what:<11}{path}", highlight=False, soft_wrap=True)


@app.command(epilog="Example: [bold]still-verl demo --recipe demo_smollm2 --seed 1[/]")
def demo(
    recipe: Annotated[str, typer.Option(help="demo (a tiny model that learns) or demo_smollm2.")] = "demo",
    seed: Annotated[int, typer.Option(help="Of the data order and the sampling.")] = 1,
    overrides: Annotated[list[str] | None, typer.Argument(help="More Hydra overrides, as of main_ppo.")] = None,
) -> None:
    """Train a model with GRPO on this machine's processor and show what it learned."""
    from still_verl.demo.run import MODELS, DemoError, run_demo

    if recipe not in MODELS:
        _stop(f"--recipe {recipe}: use one of {', '.join(MODELS)}")
    try:
        run_demo(recipe, seed, overrides or [], console)
    except (DemoError, ValueError) as error:
        _stop(str(error))
    except KeyboardInterrupt:
        _stop("interrupted; the job is stopped", code=130)


@app.command(epilog=r"Example: [bold]still-verl verify '\\frac{1}{2}' 0.5[/]")
def verify(gold: str, answer: str) -> None:
    """Say whether two answers are equal, and why; exit 0 when equal, 1 when different, 2 when nobody can tell."""
    from still_verl.rewards.equivalence.verify import verify as decide

    verdict = decide(gold, answer)
    word = "equal" if verdict else "different" if verdict.decided else "undecided"
    console.print(f"{word}: {verdict.reason}", highlight=False, markup=False)
    raise typer.Exit(0 if verdict else 1 if verdict.decided else 2)


@app.command(epilog="Example: [bold]still-verl score --reward-fn zero --input runs/demo/.../validation/36.jsonl[/]")
def score(
    reward_fn: Annotated[str, typer.Option(help="FILE.py, FILE.py:FUNCTION, or a name of reward_fns/.")],
    input: Annotated[Path, typer.Option(help="JSONL with solution_str and ground_truth, or a dump of verl's.")],
    output: Annotated[Path | None, typer.Option(help="JSONL: each row with the keys that the reward returned.")] = None,
    kwarg: Annotated[list[str] | None, typer.Option(help="As reward_kwargs: NAME=VALUE, VALUE in YAML.")] = None,
) -> None:
    """Score a file of responses with a reward, in this process: a breakpoint() in the reward works."""
    import traceback

    from still_verl.rewards import offline
    from still_verl.rewards.tables import tables

    try:
        kwargs = _kwargs(kwarg or [])
        reward, rows = offline.load_reward(reward_fn), offline.read_rows(input)
        scoring = offline.score_rows(reward, rows, kwargs)
        scored = list(_with_progress(scoring, len(rows)))
    except (ValueError, OSError) as error:
        if error.__cause__:
            traceback.print_exception(error.__cause__)
        _stop(str(error))
    if output:
        output.write_text("".join(json.dumps(each.row | each.result) + "\n" for each in scored))
    console.print(*tables(scored), sep="\n")


@app.command(
    epilog="Examples: [bold]still-verl plan +recipe=zero_32b hardware=32xH100-80G[/], "
    "[bold]still-verl plan --schedule +recipe=base still/kl=cosine --steps 640[/]"
)
def plan(
    overrides: Annotated[
        list[str], typer.Argument(help="Hydra overrides, as of main_ppo: +recipe=NAME ..., and hardware=8xH100-80G.")
    ],
    schedule: Annotated[bool, typer.Option("--schedule", help="Draw what changes from step to step.")] = False,
    steps: Annotated[int | None, typer.Option(help="Length of the run, where the recipe does not say it.")] = None,
    mean_tokens: Annotated[int | None, typer.Option(help="Tokens of an average response, for the step time.")] = None,
    png: Annotated[Path | None, typer.Option(help="Also draw the schedules into this file.")] = None,
) -> None:
    """Look at a job before it runs: what it needs on some hardware, or what changes from step to step."""
    from still_verl.config_errors import ConfigError

    hardware = [text for text in overrides if text.startswith("hardware=")]
    hydra = [text for text in overrides if text not in hardware]
    try:
        if schedule:
            _draw_schedules(hydra, steps, png)
        elif hardware:
            _plan_on(hardware[-1].removeprefix("hardware="), hydra, steps, mean_tokens)
        else:
            _stop("say on what it shall run, e.g. hardware=8xH100-80G, or what to look at: --schedule")
    except ConfigError as error:
        _stop(str(error))


def _plan_on(hardware: str, overrides: list[str], steps: int | None, mean_tokens: int | None) -> None:
    from still_verl.plan.compose import job_config
    from still_verl.plan.hardware import parse_hardware
    from still_verl.plan.job import read_job
    from still_verl.plan.tables import plan_tables

    devices = parse_hardware(hardware)
    job = read_job(job_config(overrides), steps, mean_tokens)
    for piece in plan_tables(job, devices):
        console.print(piece, highlight=False, soft_wrap=isinstance(piece, str))


def _draw_schedules(overrides: list[str], steps: int | None, png: Path | None) -> None:
    from still_verl.plan.compose import job_config
    from still_verl.plan.schedule_curves import as_text, schedule_curves, write_png

    drawn, following = schedule_curves(job_config(overrides), steps)
    for text in [*map(as_text, drawn), *following] or ["nothing changes from step to step"]:
        typer.echo(text)
    if png and drawn:
        write_png(drawn, png)
        console.print(f"picture: {png}", highlight=False, soft_wrap=True)


@app.command(epilog="Example: [bold]still-verl report runs/demo/* -o report.html[/]")
def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or logs of verl's file logger or TensorBoard.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page; it needs no network.")] = Path(
        "report.html"
    ),
    serve: Annotated[bool, typer.Option("--serve", help="Show the page in a browser; it follows the runs.")] = False,
    port: Annotated[int, typer.Option(help="Of --serve, on this machine only; 0 is any free one.")] = 6060,
) -> None:
    """Write one page about a run, or compare several: verdict, curves, alarms, samples, configuration."""
    from still_verl.report.page import write_report

    if serve:
        return _serve(runs, port)
    try:
        found = write_report(runs, output)
    except (ValueError, OSError) as error:
        _stop(str(error))
    for problem in (f"{run.name}: {text}" for run in found for text in run.problems):
        console.print(problem, highlight=False, markup=False, soft_wrap=True)
    console.print(f"report: {output.resolve()}", highlight=False, markup=False, soft_wrap=True)


def _serve(runs: list[Path], port: int) -> None:
    from still_verl.report.serve import make_server

    try:
        server = make_server(runs, port)
    except (ValueError, OSError) as error:
        _stop(f"--port {port}: {error.strerror}; choose another" if isinstance(error, OSError) else str(error))
    typer.echo(f"report: http://127.0.0.1:{server.server_port}/ (it follows the run; Ctrl+C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


@app.command(epilog="Example: [bold]still-verl watch runs/demo/2026-11-22_21-00-02[/]")
def watch(
    run: Annotated[Path, typer.Argument(help="A run folder, also one that is not there yet; or a log file.")],
    once: Annotated[bool, typer.Option("--once", help="Print one frame and end.")] = False,
) -> None:
    """Follow a run in the terminal: progress, curves, alarms and what to do about them; ends with the run."""
    from still_verl.watch.live import watch_live, watch_once

    try:
        (watch_once if once else watch_live)(run, console)
    except ValueError as error:
        _stop(str(error))
    except KeyboardInterrupt:
        raise typer.Exit from None


@app.command("run-code", epilog="Example: [bold]echo 'print(2 + 2)' | still-verl run-code --stdin --json[/]")
def run_code(
    file: Annotated[Path | None, typer.Argument(help="A Python program.")] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the program from standard input.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds of wall time.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print stdout, error, seconds and tier as JSON.")] = False,
) -> None:
    """Run one program in the sandbox; exit 0 when it ran to its end, 1 when it failed, 2 when no sandbox is there."""
    from still_verl.interpreter.sandbox.base import Limits, SandboxUnavailable
    from still_verl.interpreter.sandbox.local.client import Local

    if (file is None) != stdin:
        _stop("give a FILE or --stdin", code=2)
    try:
        code = file.read_text() if file else typer.get_text_stream("stdin").read()
        sandbox = Local(Limits(seconds=timeout))
        result = sandbox.run(code)
    except (SandboxUnavailable, OSError, ValueError) as error:
        _stop(str(error), code=2)
    sandbox.close()
    if as_json:
        typer.echo(json.dumps({key: getattr(result, key) for key in ("stdout", "error", "seconds", "tier")}))
    else:
        typer.echo(result.stdout, nl=bool(result.stdout) and not result.stdout.endswith("\n"))
        typer.echo("\n".join(filter(None, [result.error, f"[{result.seconds:.3f} s, tier {result.tier}]"])), err=True)
    raise typer.Exit(1 if result.error else 0)


def _with_progress(rows: Iterator[Any], total: int) -> Iterator[Any]:
    """A bar that is drawn between two rows only: a thread would draw over the prompt of a breakpoint."""
    from rich.progress import Progress

    drawn = 0.0
    with Progress(
        console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False, transient=True
    ) as progress:
        task = progress.add_task("scoring", total=total)
        for row in rows:
            yield row
            progress.advance(task)
            if time.monotonic() - drawn > 0.1:
                progress.refresh()
                drawn = time.monotonic()


def _kwargs(pairs: list[str]) -> dict[str, Any]:
    """`NAME=VALUE` as Hydra would read them after `reward_kwargs.`; `ValueError` when one has no `=`."""
    from omegaconf import OmegaConf

    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise ValueError(f"--kwarg {wrong[0]}: write NAME=VALUE")
    return dict(OmegaConf.to_container(OmegaConf.from_dotlist(pairs)))  # type: ignore[arg-type]


def _stop(message: str, code: int = 1) -> NoReturn:
    """End with one message and an exit code."""
    typer.echo(f"still-verl: {message}", err=True)
    raise typer.Exit(code)
