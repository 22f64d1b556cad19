"""Chooses a checkpoint of a run by its validations, so that the test set measures it and does not choose it.

The peak of a curve on the test set is no measurement of the model: it is the luckiest of many. Here the choice is
written down before the test set is opened, it is made once, and it is refused where validation and test share problems.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.evaluation.problems import Benchmark
from still_verl.evaluation.rows import Row
from still_verl.evaluation.saved import read_saved, saved_files
from still_verl.evaluation.score import Scorer
from still_verl.logs.files import Notes
from still_verl.stats.interval import mean, standard_error
from still_verl.stats.problems import Problems, count

CHOICE = "selection.json"  # in the run folder
CHECKPOINT = "global_step_"
SHOWN = 80  # characters of a problem in a message

_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Candidate:
    """A checkpoint, and the validation of its step, as shares. `stderr` is None for one problem."""

    step: int
    avg: float
    stderr: float | None


@dataclass(frozen=True)
class Choice:
    """The checkpoint that was chosen.

    Attributes:
        checkpoint: its folder.
        best: the candidate.
        candidates: all of them, by step.
        prompts: of the validation's problems, to compare with those of a test set.
    """

    checkpoint: Path
    best: Candidate
    candidates: tuple[Candidate, ...]
    prompts: frozenset[str]

    def sentence(self) -> str:
        """Say what was chosen, and of how many."""
        error = ""
        if self.best.stderr is not None:
            error = f" ± {100 * self.best.stderr:.2f}"
        return (
            f"chosen on validation problems: step {self.best.step} of {len(self.candidates)} checkpoints, "
            f"{100 * self.best.avg:.2f}{error} % there (the highest of several, so too high by chance)"
        )


def choose(run: Path, scorer: Scorer) -> Choice:
    """Choose the checkpoint whose validation is best, and write the choice into the run folder.

    The earliest counts where several are equally good. Only problems that all validations have are compared.

    Raises:
        ConfigError: there is no checkpoint with a validation of its step, or another one was chosen before.
    """
    checkpoints = _checkpoints(run)
    validated = _validations(run)
    both = sorted(checkpoints.keys() & validated.keys())
    if not both:
        raise ConfigError(
            f"--select {run}: no checkpoint has a validation of its step (checkpoints: {_listed(checkpoints)}; "
            f"validation dumps: {_listed(validated)}); let trainer.save_freq be a multiple of trainer.test_freq"
        )
    read: dict[int, Problems] = {}
    prompts: set[str] = set()
    for step in both:
        rows = scorer.score(_with_prompts(validated[step], prompts))
        read[step] = _as_one(rows)
    candidates = _candidates(read, run)
    best = max(candidates, key=lambda candidate: (candidate.avg, -candidate.step))
    choice = Choice(checkpoints[best.step], best, candidates, frozenset(prompts))
    _write(run / CHOICE, choice)
    return choice


def refuse_overlap(choice: Choice, benchmarks: Iterable[Benchmark]) -> None:
    """Refuse test problems that the checkpoint was chosen on.

    A problem is found if its words and signs are a part of a validation's prompt, whatever template is around them. One
    that is worded in another way is not.

    Raises:
        ConfigError: names the benchmark, how many of its problems are shared, and one of them.
    """
    chosen_on = [_words(prompt) for prompt in choice.prompts]
    for benchmark in benchmarks:
        shared = []
        for problem in benchmark.problems:
            if any(_words(problem.text) in prompt for prompt in chosen_on):
                shared.append(problem.text)
        if shared:
            raise ConfigError(
                f"--benchmark {benchmark.name}: {len(shared)} of {len(benchmark.problems)} problems are among those "
                f"that chose the checkpoint, e.g. {shared[0][:SHOWN]!r}; choose on others (data.val_files of the job)"
            )


def _checkpoints(run: Path) -> dict[int, Path]:
    """Find checkpoints by step, in a run folder of ours or in verl's `default_local_dir`."""
    found = {}
    for folder in (*run.glob(f"{CHECKPOINT}*"), *run.glob(f"checkpoints/{CHECKPOINT}*")):
        step = folder.name.removeprefix(CHECKPOINT)
        if step.isdecimal() and folder.is_dir():
            found[int(step)] = folder
    return found


def _validations(run: Path) -> dict[int, Path]:
    """Find the dumps of validations by step."""
    found = {}
    for file in (run / "validation").glob("*.jsonl"):
        if file.stem.isdecimal():
            found[int(file.stem)] = file
    return found


def _with_prompts(dump: Path, prompts: set[str]) -> Iterable[Row]:
    notes = Notes()
    for row in read_saved(saved_files(dump, notes), notes):
        prompts.add(row.prompt or row.problem)
        yield row


def _as_one(rows: Sequence[Row]) -> Problems:
    """Count the samples of a validation's sources as those of one benchmark."""
    judged = []
    for row in rows:
        if row.scored:
            judged.append(("", (row.benchmark, row.problem), row.correct, None))
    return count(judged).get("", {})


def _candidates(read: dict[int, Problems], run: Path) -> tuple[Candidate, ...]:
    shared = set.intersection(*[set(problems) for problems in read.values()])
    if not shared:
        raise ConfigError(f"--select {run}: its validations share no problem that was scored in all of them")
    found = []
    for step, problems in read.items():
        rates = [problems[name].rate for name in sorted(shared, key=str)]
        found.append(Candidate(step, mean(rates), standard_error(rates)))
    return tuple(found)


def _write(path: Path, choice: Choice) -> None:
    """Write the choice, once: a second look at the test set shall not find another checkpoint.

    Raises:
        ConfigError: another step was chosen before.
    """
    candidates = [vars(candidate) for candidate in choice.candidates]
    chosen: dict[str, Any] = {"step": choice.best.step, "checkpoint": str(choice.checkpoint), "candidates": candidates}
    try:
        with path.open("x", encoding="utf-8") as file:
            json.dump(chosen, file, indent=2)
    except FileExistsError:
        before = _chosen_before(path)
        if before != choice.best.step:
            raise ConfigError(
                f"{path} chose step {before} before, and now it would be step {choice.best.step}: a test set that was "
                "looked at chooses no other checkpoint. Delete the file if it was not"
            ) from None


def _chosen_before(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["step"]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is damaged ({error}): delete it if no test set was looked at with it") from error


def _words(text: str) -> str:
    """A text as its words and signs, each between blanks: 3 + 4 is no part of 13 + 45."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


def _listed(steps: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(steps))) or "none"
