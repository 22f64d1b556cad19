"""`verify` and `score`: a reward without a job."""

import json
import os
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from still_verl.cli.output import console, stop


def verify(
    gold: Annotated[str, typer.Argument(help="The right answer, in any form that data have it.")],
    answer: Annotated[str, typer.Argument(help="The answer to judge, without the box.")],
    lenient: Annotated[bool, typer.Option("--lenient", help="Accept what a person who grades would.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how each side was read, and what compared it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as one line of JSON.")] = False,
) -> None:
    """Say whether two answers are equal, and why; exit 0 when equal, 1 when different, 2 when undecided."""
    from still_verl.cli.explain import explain as explained_by_rules
    from still_verl.cli.explain_tables import explanation_tables

    explained = explained_by_rules(gold, answer, "lenient" if lenient else "strict")
    verdict = explained.verdict
    if verdict:
        word, code = "equal", 0
    elif verdict.decided:
        word, code = "different", 1
    else:
        word, code = "undecided", 2
    if as_json:
        typer.echo(json.dumps({"result": word} | asdict(explained)))
        raise typer.Exit(code)
    console.print(f"{word}: {explained.fault or verdict.reason} ({verdict.reading})", highlight=False, markup=False)
    if explain:
        console.print(*explanation_tables(explained), sep="\n")
    raise typer.Exit(code)


def score(
    reward_fn: Annotated[str, typer.Option(help="FILE.py, FILE.py:FUNCTION, or a name of reward_fns/.")],
    input: Annotated[
        Path, typer.Option(help="JSON lines or parquet with solution_str and ground_truth, or a dump of verl's.")
    ],
    output: Annotated[Path | None, typer.Option(help="JSONL: each row with the keys that the reward returned.")] = None,
    kwarg: Annotated[list[str] | None, typer.Option(help="As reward_kwargs: NAME=VALUE, VALUE in YAML.")] = None,
) -> None:
    """Score a file of responses with a reward, in this process: a breakpoint() in the reward works."""
    from still_verl.cli.score_tables import tables
    from still_verl.rewards import offline
    from still_verl.rewards.offline_rows import read_rows
    from still_verl.rewards.reward_kwargs import check_keywords

    scored = []
    try:
        kwargs = _kwargs(kwarg or [])
        reward, rows = offline.load_reward(reward_fn), read_rows(input)
        check_keywords(reward, kwargs, "--kwarg ")
        with _opened(output, input) as file:
            for each in _with_progress(offline.score_rows(reward, rows, kwargs), len(rows)):
                scored.append(each)
                file.write(json.dumps(each.row | each.result, default=str) + "\n")
    except (ValueError, OSError) as error:
        if error.__cause__:  # in the user's own code
            traceback.print_exception(error.__cause__)
        kept = f"; {len(scored)} rows before it are in {output}" if output and scored else ""
        stop(f"{error}{kept}")
    console.print(*tables(scored), sep="\n")


def _opened(output: Path | None, input: Path) -> IO[str]:
    """Open the output before anything is scored; what is scored is then written at once."""
    if output is None:
        return open(os.devnull, "w")
    if output.resolve() == input.resolve():
        raise ValueError(f"--output {output} is the input: name another file")
    try:
        return output.open("w")
    except OSError as error:
        raise ValueError(
            f"--output {output} cannot be written ({error.strerror}): name a file in a folder that is there"
        ) from None


def _with_progress(rows: Iterator[Any], total: int) -> Iterator[Any]:
    """Pass rows on and draw a bar, between two rows only: a thread would draw over the prompt of a breakpoint."""
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
    """Read each `NAME=VALUE` as Hydra would after `reward_kwargs.`; `ValueError` when one has no `=`."""
    from omegaconf import OmegaConf
    from yaml import MarkedYAMLError as YAMLError

    for pair in pairs:
        if "=" not in pair:
            raise ValueError(f"--kwarg {pair}: write NAME=VALUE")
        try:
            OmegaConf.from_dotlist([pair])
        except YAMLError as error:
            raise ValueError(f"--kwarg {pair}: its value is no YAML ({error.problem})") from None
    kwargs: Any = OmegaConf.to_container(OmegaConf.from_dotlist(pairs))
    return dict(kwargs)
