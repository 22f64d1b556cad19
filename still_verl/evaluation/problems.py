"""The problems of a benchmark, read from a file of any of the usual layouts, and what is wrong with them."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.evaluation.columns import as_gold, as_text, first, is_chat, whole_text
from still_verl.evaluation.score import gold_fault
from still_verl.logs.files import Notes, lines

TEXT = ("problem", "question", "Question", "prompt", "input")
ANSWER = ("answer", "ground_truth", "gold", "target", "solution", "Answer")
ID = ("unique_id", "problem_id", "id", "ID", "uid")

NO_GOLD = "problems without a right answer, left out: {n}"
BAD_GOLD = "problems whose right answer no response can equal, left out: {n}"
SAME_ID = "problems with the id of another one, told apart by a number: {n}"
TWICE = "problems that are in the file twice, counted once: {n}"
TORN = "lines of the benchmark that are no problem, left out: {n}"


@dataclass(frozen=True)
class Problem:
    """One problem.

    Attributes:
        id: its name within the benchmark; made from its text where the file has none.
        text: what is asked.
        answer: the right answer, in any form that `rewards.gold.read_gold` reads.
        messages: the chat that the file asks with, as (role, content); empty where it has only the text.
    """

    id: str
    text: str
    answer: str
    messages: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Benchmark:
    """The problems that a model is asked.

    Attributes:
        name: of the benchmark, or of its file.
        problems: those that can be scored, in the order of the file.
        notes: what was left out and why, each with its count.
        examples: one thing that was left out of each kind.
    """

    name: str
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def checksum(self) -> str:
        """Return what changes with any problem, answer or id, whatever the file looks like."""
        digest = hashlib.sha256()
        for problem in sorted(self.problems, key=lambda problem: problem.id):
            digest.update(json.dumps([problem.id, problem.text, problem.answer, problem.messages]).encode())
        return digest.hexdigest()


def read_benchmark(name: str, path: Path) -> Benchmark:
    """Read the problems of a file: JSON lines, a JSON list, or parquet (also in verl's schema).

    Raises:
        ConfigError: the file cannot be read, or no problem in it can be scored.
    """
    notes = Notes()
    found: list[Problem] = []
    try:
        for entry in _entries(path, notes):
            problem = _problem(entry)
            if problem is None:
                notes.add(TORN)
            else:
                found.append(problem)
    except (OSError, ValueError, ImportError, RecursionError) as error:  # pyarrow may be missing
        raise ConfigError(f"benchmark {name}: {path} cannot be read: {error}") from error
    kept, examples = _without_faults(found, notes)
    if not kept:
        said = "; ".join([*notes.texts(), *examples]) or "there is none"
        raise ConfigError(
            f"benchmark {name}: no problem in {path} can be scored ({said}); "
            f"each row needs one of {', '.join(TEXT)} and one of {', '.join(ANSWER)}"
        )
    return Benchmark(name, tuple(kept), tuple(notes.texts()), tuple(examples))


def read_texts(option: str, path: Path) -> Iterator[str]:
    """Yield what is asked in each row of a file, scored or not, as a stream.

    Raises:
        ConfigError: the file cannot be read, or asks nothing; names `option`.
    """
    texts = 0
    try:
        for entry in _entries(path, Notes()):
            text = as_text(first(entry, TEXT))
            if text:
                texts += 1
                yield text
    except (OSError, ValueError, ImportError, RecursionError) as error:  # pyarrow may be missing
        raise ConfigError(f"{option} {path}: it cannot be read: {error}") from error
    if not texts:
        raise ConfigError(f"{option} {path}: no row has one of {', '.join(TEXT)}")


def _entries(path: Path, notes: Notes) -> Iterator[Mapping[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        yield from pq.read_table(path).to_pylist()
        return
    if path.suffix == ".json":
        listed = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(listed, list):
            raise ValueError("it is no list of problems")
        yield from (entry for entry in listed if isinstance(entry, dict))
        return
    for text in lines(path, notes):
        if not text.strip():
            continue
        try:
            entry = json.loads(text)
        except (ValueError, RecursionError):
            entry = None
        if isinstance(entry, dict):
            yield entry
        else:
            notes.add(TORN)


def _problem(entry: Mapping[str, Any]) -> Problem | None:
    """Read one row; its answer is empty where it has none."""
    asked = first(entry, TEXT)
    text = as_text(asked)
    if not text or not text.strip():
        return None
    reward = entry.get("reward_model")  # verl's schema
    gold = reward.get("ground_truth") if isinstance(reward, Mapping) else first(entry, ANSWER)
    number = as_text(first(entry, ID))
    return Problem(number or text_id(text), text, as_gold(gold) or "", _messages(asked))


def text_id(text: str) -> str:
    """Return the id of a problem that has none: the same wherever it stands in whichever file."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def _messages(asked: Any) -> tuple[tuple[str, str], ...]:
    if not is_chat(asked):
        return ()
    return tuple((str(message.get("role", "user")), whole_text(str(message["content"]))) for message in asked)


def _without_faults(problems: Sequence[Problem], notes: Notes) -> tuple[list[Problem], list[str]]:
    """Return the problems that can be scored, each with an id of its own; and an example of each fault."""
    kept: list[Problem] = []
    examples: list[str] = []
    by_id: dict[str, list[Problem]] = {}
    taken = {problem.id for problem in problems}
    for problem in problems:
        fault = gold_fault(problem.answer) if problem.answer else "it has no right answer"
        if fault:
            kind = BAD_GOLD if problem.answer else NO_GOLD
            if kind not in notes.counts:
                examples.append(f"problem {problem.id}: {fault}")
            notes.add(kind)
            continue
        same = by_id.setdefault(problem.id, [])
        if problem in same:
            notes.add(TWICE)
            continue
        same.append(problem)
        if len(same) > 1:
            notes.add(SAME_ID)
            problem = replace(problem, id=_free_id(problem.id, len(same), taken))
            taken.add(problem.id)
        kept.append(problem)
    return kept, examples


def _free_id(name: str, number: int, taken: Collection[str]) -> str:
    """The id of a problem whose own another one has: with a number, the first that makes it differ from all."""
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"
