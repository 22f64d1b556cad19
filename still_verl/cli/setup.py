"""`doctor`, `demo-model` and `demo`: check whether this machine can train, and train on it."""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from still_verl.cli.output import cause, console, require_verl, stop
from still_verl.demo.registries import FAILURES

_FAILURE_HELP = f"Make the run fail: {', '.join(FAILURES)}, or the dotted name of a DemoFailure of yours."


@contextmanager
def _without_warnings() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print findings as JSON.")] = False,
    fusion: Annotated[str | None, typer.Option(help="URL of a SandboxFusion service that jobs will use.")] = None,
) -> None:
    """Check that verl loads the plugin and that this machine can train; exit 1 with the fix when not."""
    # Upstream warns of every optional engine that is absent; the table is what this command has to say.
    with _without_warnings():
        from still_verl.doctor import as_table, examine

        findings = examine(fusion)
    broken = [finding for finding in findings if not finding.ok]
    if as_json:
        rows = [finding.as_dict() for finding in findings]
        typer.echo(json.dumps({"ok": not broken, "findings": rows}, indent=2))
    else:
        console.print(as_table(findings))
    if broken:
        raise typer.Exit(1)


def demo_model(
    name: Annotated[str, typer.Argument(help="tiny, skills, tools, smollm2, random or random-untied.")],
) -> None:
    """Build a laptop model and its data, unless they are there, and print where they are."""
    from still_verl.demo.prepare import prepare

    require_verl("demo-model")
    try:
        built = prepare(name)
    except (ValueError, RuntimeError, ImportError, OSError) as error:
        stop(cause(error))
    for what, path in (("model", built.model), ("train", built.train), ("validation", built.val)):
        console.print(f"{what:<11}{path}", highlight=False, soft_wrap=True)


def demo(
    recipe: Annotated[
        str,
        typer.Option(
            help="demo (a tiny model that learns), demo_skills (sums, programs and a puzzle) or demo_smollm2."
        ),
    ] = "demo",
    seed: Annotated[int, typer.Option(help="Seed of the data order and of the sampling.", min=0)] = 1,
    failure: Annotated[str | None, typer.Option(help=_FAILURE_HELP)] = None,
    overrides: Annotated[list[str] | None, typer.Argument(help="More Hydra overrides, as of main_ppo.")] = None,
) -> None:
    """Train a model with GRPO on this machine's processor and show what it learned, or how a run fails."""
    from still_verl.demo.run import MODELS, DemoError, run_demo

    require_verl("demo")
    if recipe not in MODELS:
        stop(f"--recipe {recipe}: use one of {', '.join(MODELS)}")
    if failure is not None and recipe != "demo":
        stop(f"--failure {failure}: leave out --recipe {recipe}, the failures are of the recipe demo")
    try:
        chosen = None
        if failure is not None:
            chosen = FAILURES.find(failure)
        run_demo(recipe, seed, overrides or [], console, chosen)
    except (DemoError, ValueError, ImportError, OSError) as error:
        stop(cause(error))
    except KeyboardInterrupt:
        stop("interrupted; the job is stopped", code=130)
