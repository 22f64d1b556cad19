"""Runs the chain, one command after the other; a rerun goes on behind the last one that finished."""

import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from still_verl.demo.job import job
from still_verl.demo.prepare import prepare
from still_verl.demo.results import DemoError
from still_verl.demo.tools.stages import Stage, stages
from still_verl.demo.tools.teacher import Teacher
from still_verl.monitor.jsonl import json_lines, line, open_append

JOURNAL = "stages.jsonl"
LOGS = "logs"
KEY = "OPENAI_API_KEY"
_LOG_LINES = 15  # of a command that failed, in the error


@dataclass(frozen=True)
class Finished:
    """A stage that is over.

    Attributes:
        name: of the stage.
        seed: of the chain.
        seconds: wall time.
    """

    name: str
    seed: int
    seconds: float


def run_chain(out: Path, seed: int, console: Console) -> list[Finished]:
    """Build the model and the problems, and run what is not finished yet; returns what each stage took.

    Args:
        out: the folder of the chain.
        seed: of all that is drawn.

    Raises:
        DemoError: a command failed, or the folder has a chain of another seed.
    """
    demo = prepare("tools")
    with Teacher() as teacher:
        return run_stages(stages(out, demo.model, demo.train.parent, teacher.url, seed), out, seed, console)


def run_stages(planned: Sequence[Stage], out: Path, seed: int, console: Console) -> list[Finished]:
    """Run what is not finished yet, in order; returns what each stage took.

    Raises:
        DemoError: a command failed, or the folder has stages of another seed, or something else.
    """
    check_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    done = finished(out)
    for each in done.values():
        if each.seed != seed:
            raise DemoError(f"--seed {seed}: {out} has a chain of seed {each.seed}; give that, or another --output")
    for stage in planned:
        if stage.name not in done:
            done[stage.name] = _run(stage, out, seed, console)
    return list(done.values())


def check_folder(out: Path) -> None:
    """Check that a folder has stages of a chain, or nothing.

    Raises:
        DemoError: it is a file, or has something else.
    """
    if out.exists() and not out.is_dir():
        raise DemoError(f"--output {out} is a file: name a folder")
    if out.is_dir() and any(out.iterdir()) and not any((out / name).exists() for name in (JOURNAL, LOGS)):
        raise DemoError(f"--output {out} has something else than a chain: name another folder")


def finished(out: Path) -> dict[str, Finished]:
    """Read which stages are over, by name."""
    return {entry["name"]: Finished(**entry) for entry in json_lines(out / JOURNAL)}


def _run(stage: Stage, out: Path, seed: int, console: Console) -> Finished:
    command = stage.command()
    console.print(stage.title, style="bold", markup=False, highlight=False)
    console.print(shlex.join(command), style="dim", markup=False, highlight=False, soft_wrap=True)
    log = out / LOGS / f"{stage.name.replace('/', '_')}.txt"
    log.parent.mkdir(exist_ok=True)
    start = time.monotonic()
    code = call(command, log)
    if code:
        tail = "\n".join(log.read_text().splitlines()[-_LOG_LINES:])
        raise DemoError(f"{tail}\n\n{stage.title}: it ended with code {code}; all of its output: {log}")
    over = Finished(stage.name, seed, round(time.monotonic() - start, 2))
    with open_append(out / JOURNAL) as journal:
        journal.write(line(asdict(over)))
    console.print(f"{over.seconds:,.0f} s", highlight=False)
    return over


def call(command: Sequence[str], log: Path) -> int:
    """Run a command with its output in a file, and return its exit code."""
    # The teacher takes any key; a real one of the user's has no business there.
    environment = os.environ | {"OMP_NUM_THREADS": "1", KEY: "none"}
    with job(command, log, env=environment) as process:
        return process.wait()
