"""Draws what is missing, judges all samples, and writes rows for supervised training."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.demonstrations.distill.judge import DUPLICATE, NO_REPLY, SURPLUS, rejection
from still_verl.demonstrations.distill.setup import Distillation
from still_verl.evaluation.journal import ROWS, saved_identity
from still_verl.evaluation.problems import Problem
from still_verl.evaluation.prompts import as_chat
from still_verl.evaluation.rows import Row, read_rows
from still_verl.evaluation.run import NOT_DRAWN, Plan, Watch, evaluate
from still_verl.evaluation.score import Scorer
from still_verl.monitor.jsonl import line

MARKS = ("boxed", "answer_tag")  # a demonstration says what its answer is
EMPTY = "the reply is empty"
KEPT, REJECTED = "demonstrations.jsonl", "rejected.jsonl"


@dataclass
class Counts:
    """What became of the samples.

    Attributes:
        samples: of the run.
        missing: that are not drawn yet; the same command asks for them.
        kept: demonstrations.
        problems: how many of them have one.
        rejected: by reason, see `judge.MEANINGS`.
        used_code: samples with a program.
        calls: programs that were run.
        calls_ok: of those, the ones that ended well.
        own_outputs: outputs that the teacher wrote itself, all of which were cut.
        hints: that were put in.
    """

    samples: int = 0
    missing: int = 0
    kept: int = 0
    problems: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    used_code: int = 0
    calls: int = 0
    calls_ok: int = 0
    own_outputs: int = 0
    hints: int = 0

    def see(self, row: Row) -> None:
        """Count what a sample did."""
        record = row.record or {}
        outcomes = record.get("outcomes", [])
        self.samples += 1
        self.used_code += bool(outcomes)
        self.calls += len(outcomes)
        self.calls_ok += outcomes.count("ok")
        self.own_outputs += record.get("own_outputs", 0)
        self.hints += record.get("hints", 0)


@dataclass(frozen=True)
class Distilled:
    """What a run has: counts, and notes with what there is to know."""

    counts: Counts
    notes: list[str]


def distill(wanted: Distillation, watch: Watch | None = None) -> Distilled:
    """Draw what is missing; write `demonstrations.jsonl` and `rejected.jsonl` into the run folder.

    Raises:
        ConfigError: the folder has samples of another run, or is in use.
        EngineError: the teacher cannot go on. What it wrote is kept; the same call goes on from there.
    """
    plan = wanted.plan
    _insist_on_same_file(plan)
    finished = evaluate(plan, wanted.engine, Scorer(MARKS, keep_text=False), watch)
    path = plan.folder / ROWS
    name = str(wanted.paid.identity().get("name", ""))
    models = teacher_names(read_rows(path), name)
    counts = Counts()
    _write(plan.folder, _judged(read_rows(path), wanted, models, counts), _problems(wanted), wanted.messages_only)
    return Distilled(counts, [*wanted.notes, *finished.notes])


def _insist_on_same_file(plan: Plan) -> None:
    """Refuse a folder with demonstrations of another file: they would no longer be in the files that are written."""
    here = {each.benchmark.name for each in plan.asked}
    others = sorted(saved_identity(plan.folder).get("benchmarks", {}).keys() - here)
    if others:
        raise ConfigError(
            f"--output {plan.folder} has demonstrations of other PROBLEMS ({', '.join(others)}): choose another "
            "folder, or give a file of that name with all problems"
        )


def teacher_names(rows: Iterable[Row], asked: str) -> list[str]:
    """Return the names under which the teacher answers: the one that was asked for, else the most frequent one."""
    names: Counter[str] = Counter()
    for row in rows:
        models = (row.record or {}).get("models", ())
        if asked in models:
            return [asked]
        names.update(models)
    return [name for name, _ in names.most_common(1)]


def _judged(rows: Iterable[Row], wanted: Distillation, models: list[str], counts: Counts) -> Iterator[tuple[Row, str]]:
    """Yield each sample that was drawn with why it is no demonstration, and count it."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    kept: Counter[str] = Counter()
    for row in rows:
        counts.see(row)
        if row.fault == NOT_DRAWN:
            counts.missing += 1
            continue
        reason = rejection(row, models, wanted.max_row_tokens)
        transcript = row.transcript or ""
        if not reason and transcript in seen[row.problem]:
            reason = DUPLICATE
        elif not reason and kept[row.problem] >= wanted.keep:
            reason = SURPLUS
        if reason:
            counts.rejected[reason] += 1
        else:
            kept[row.problem] += 1
        seen[row.problem].add(transcript)
        yield row, reason
    counts.kept, counts.problems = kept.total(), len(+kept)


def _write(
    folder: Path, judged: Iterable[tuple[Row, str]], problems: Mapping[str, Problem], messages_only: bool
) -> None:
    """Write both files as wholes: after a kill they are the old ones or the new ones."""
    partials = {name: folder / f".{name}.partial" for name in (KEPT, REJECTED)}
    with partials[KEPT].open("wb") as kept, partials[REJECTED].open("wb") as rejected:
        for row, reason in judged:
            entry = sft_row(row, problems[row.problem], messages_only)
            if reason:
                detail = (row.fault or EMPTY) if reason == NO_REPLY else row.reason
                rejected.write(line({"reason": reason, "detail": detail} | entry))
            else:
                kept.write(line(entry))
    for name, partial in partials.items():
        partial.replace(folder / name)


def sft_row(row: Row, problem: Problem, messages_only: bool = False) -> dict[str, Any]:
    """Return a sample as a row for supervised training, see `demonstrations.rows`.

    The messages have the problem as the data has it, and the whole response with the outputs of its programs. Token
    ids, where the teacher gave them, are those of what it was asked and wrote.
    """
    record = dict(row.record or {})
    messages = as_chat(problem.messages or (("user", problem.text),))
    if row.transcript is not None:
        messages.append({"role": "assistant", "content": row.transcript})
    entry: dict[str, Any] = {"messages": messages}
    for name in ("input_ids", "loss_mask"):
        values = record.pop(name, None)
        if values is not None and not messages_only:
            entry[name] = values
    names = {"problem": row.problem, "index": row.index, "answer": row.answer, "pred": row.pred}
    more = {"finish_reason": row.finish_reason, "tokens": row.tokens, "calls": len(record.get("outcomes", ()))}
    return entry | names | more | {"record": record}


def _problems(wanted: Distillation) -> dict[str, Problem]:
    found = {}
    for each in wanted.plan.asked:
        for problem in each.benchmark.problems:
            found[problem.id] = problem
    return found
