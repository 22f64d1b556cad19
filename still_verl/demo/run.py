"""Train a demo recipe and show what it learned: verl's own command underneath, its output in a file."""

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from still_verl.demo.job import verl_job
from still_verl.demo.prepare import prepare
from still_verl.monitor.jsonl import read_metrics

MODELS = {"demo": "tiny", "demo_smollm2": "smollm2"}


@dataclass(frozen=True)
class Validation:
    """One sampled validation: the step it came after, and shares of its samples."""

    step: int
    accuracy: float
    boxed: float


class DemoError(RuntimeError):
    """The job ended with an error; the message has the end of its log."""


def run_demo(recipe: str, seed: int, overrides: Sequence[str], console: Console) -> Path:
    """Build what the recipe needs, train it, print the result; returns the run folder.

    Args:
        recipe: a key of `MODELS`.
        seed: of the data order and of the sampling.
        overrides: more of Hydra's, after the recipe's own.

    Raises:
        DemoError: verl's job failed.
    """
    prepare(MODELS[recipe])
    chosen = [each.partition("=")[2] for each in overrides if each.startswith("still.run_dir=")]
    run = Path(chosen[-1] if chosen else f"runs/{recipe}/{datetime.now():%Y-%m-%d_%H-%M-%S}").resolve()
    run.mkdir(parents=True, exist_ok=True)
    job = [f"+recipe={recipe}", f"still.run_dir={run}"]
    job += [f"data.seed={seed}", f"actor_rollout_ref.rollout.seed={seed}", *overrides]
    command = " ".join(["python -m verl.trainer.main_ppo", *job])
    console.print(f"[dim]{command}[/]", highlight=False, soft_wrap=True)
    _train(job, run, console)
    console.print(_summary(run), _example(run))
    console.print(f"run folder: {run}", highlight=False, soft_wrap=True)
    _report(run, console)
    return run


def _report(run: Path, console: Console) -> None:
    """Write the run's page; without the extra `report` a training is no failure, so only say what is missing."""
    from still_verl.report.page import write_report

    page = run / "report.html"
    try:
        write_report([run], page)
    except ValueError as error:
        console.print(f"no report: {error}", highlight=False, markup=False, soft_wrap=True)
    else:
        console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)


def validations(run: Path) -> list[Validation]:
    """The validations of a run, in the order of steps."""
    found = []
    for row in read_metrics(run):
        accuracy = next((v for k, v in row.items() if k.startswith("val-core/") and "/acc/mean@" in k), None)
        if accuracy is not None:
            rows = _dump(run, row["step"])
            found.append(Validation(row["step"], accuracy, sum(r["pred"] != "" for r in rows) / len(rows)))
    return found


def _dump(run: Path, step: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "validation" / f"{step}.jsonl").read_text().splitlines()]


def _train(job: list[str], run: Path, console: Console) -> None:
    log = run / "log.txt"
    with verl_job(job, log) as process:
        _follow(process, run, console)
    if process.returncode:
        tail = "\n".join(log.read_text().splitlines()[-15:])
        raise DemoError(f"{tail}\n\nthe job ended with code {process.returncode}; all of its output: {log}")


def _follow(process: subprocess.Popen[bytes], run: Path, console: Console) -> None:
    text = TextColumn("{task.description}")
    with Progress(
        SpinnerColumn(), text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        task = progress.add_task("starting Ray, FSDP2 and vLLM (a minute or two)", total=None)
        total = None
        while process.poll() is None:
            time.sleep(0.5)
            rows = read_metrics(run) if (run / "metrics.jsonl").exists() else []
            if rows:
                total = total or _total_steps(run)
                progress.update(task, description=_status(rows), completed=rows[-1]["step"], total=total)


def _status(rows: list[dict[str, Any]]) -> str:
    accuracy = [row["critic/score/mean"] for row in rows if "critic/score/mean" in row]
    return f"training, {accuracy[-1]:.0%} of the step's answers right" if accuracy else "training"


def _total_steps(run: Path) -> int:
    from omegaconf import OmegaConf

    return int(OmegaConf.load(run / ".hydra" / "config.yaml").trainer.total_training_steps)


def _summary(run: Path) -> Table:
    """Validations as a table, with the change from first to last."""
    found = validations(run)
    table = Table(title="Sampled validation on held-out problems", title_justify="left")
    for column in ("after step", "accuracy", "boxed", ""):
        table.add_column(column, justify="left" if not column else "right")
    for v in found:
        table.add_row(str(v.step), f"{v.accuracy:.1%}", f"{v.boxed:.1%}", "█" * round(30 * v.accuracy))
    gain = 100 * (found[-1].accuracy - found[0].accuracy)
    table.caption = f"{gain:+.1f} points from first to last, {len(_dump(run, found[0].step))} samples each"
    return table


def _example(run: Path) -> Table:
    """One problem that was wrong in the first validation and right in the last."""
    found = validations(run)
    before, after = _pair(_dump(run, found[0].step), _dump(run, found[-1].step))
    table = Table(title="One problem before and after", title_justify="left", show_lines=True)
    for column in ("prompt", f"after step {found[0].step}", f"after step {found[-1].step}"):
        table.add_column(column)
    table.add_row(*(_escape(text) for text in (before["input"][-200:], before["output"], after["output"])))
    return table


def _pair(first: list[dict[str, Any]], last: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two answers to one problem, of the problem that gained most. verl's dumps come in no fixed order."""
    latest = {row["input"]: row for row in sorted(last, key=lambda row: row["acc"])}
    pairs = [(row, latest[row["input"]]) for row in first if row["input"] in latest]
    return max(pairs, key=lambda pair: pair[1]["acc"] - pair[0]["acc"])


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
