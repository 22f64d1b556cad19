"""Draws the samples of a run that are missing, and scores all of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from still_verl.config_errors import ConfigError
from still_verl.evaluation.engines.base import Engine, Key, Reply, Request, sample_seed
from still_verl.evaluation.journal import ROWS, SAMPLES, Journal, check_identity
from still_verl.evaluation.problems import Benchmark, Problem
from still_verl.evaluation.prompts import Prompt, Prompter
from still_verl.evaluation.protocols import Sampling
from still_verl.evaluation.rows import Row, write_rows
from still_verl.evaluation.score import Scorer

NOT_DRAWN = "not drawn"


@dataclass(frozen=True)
class Asked:
    """One benchmark of a run, and how it is sampled."""

    benchmark: Benchmark
    sampling: Sampling


@dataclass(frozen=True)
class Plan:
    """Everything that decides which samples a run draws.

    Attributes:
        asked: the benchmarks.
        prompter: what a model is asked for a problem.
        prompt_settings: the same as settings, which tell this run from others.
        engine_name: of the engine, as it was chosen.
        seed: of the run.
        folder: where its journal and rows are.
    """

    asked: Sequence[Asked]
    prompter: Prompter
    prompt_settings: Mapping[str, Any]
    engine_name: str
    seed: int
    folder: Path

    def identity(self, engine: Engine) -> dict[str, Any]:
        """Return what tells this run from others; neither the number of samples nor the benchmarks' golds."""
        benchmarks = {}
        for each in self.asked:
            sampling = dict(vars(each.sampling))
            del sampling["k"]
            benchmarks[each.benchmark.name] = sampling
        return {
            "engine": self.engine_name,
            "model": dict(engine.identity()),
            "prompt": dict(self.prompt_settings),
            "seed": self.seed,
            "benchmarks": benchmarks,
        }

    def samples(self) -> Iterator[tuple[Asked, Problem, int]]:
        """Yield every sample of the run, in the order of the final rows."""
        for each in self.asked:
            for problem in each.benchmark.problems:
                for index in range(each.sampling.k):
                    yield each, problem, index

    def round_by_round(self) -> Iterator[tuple[Asked, Problem, int]]:
        """Yield every sample in the order in which they are asked for: the first of each problem, then the second.

        A run that is stopped then has as many of each, and samples of a problem that fails do not come in a row.
        """
        for index in range(max(each.sampling.k for each in self.asked)):
            for each in self.asked:
                if index < each.sampling.k:
                    yield from ((each, problem, index) for problem in each.benchmark.problems)


class Watch(Protocol):
    """Sees a run go on."""

    def started(self, total: int, there: int) -> None:
        """Learn how many samples the run has, and how many are in the journal already."""

    def sample(self, reply: Reply) -> None:
        """Learn of a reply, with a sample or without."""


class Silent:
    """Watches and says nothing."""

    def started(self, total: int, there: int) -> None:
        pass

    def sample(self, reply: Reply) -> None:
        pass


@dataclass(frozen=True)
class Finished:
    """What a run has.

    Attributes:
        rows: all samples in the order of the benchmarks, scored; without prompts and responses, which are in the file.
        notes: what there is to know, each with its count.
    """

    rows: list[Row]
    notes: list[str]


def evaluate(plan: Plan, engine: Engine, scorer: Scorer, watch: Watch | None = None) -> Finished:
    """Draw what is missing, then score all samples and write `rows.jsonl`.

    Raises:
        ConfigError: the folder has samples of another run, or is in use.
        EngineError: the engine cannot go on. What it drew is in the journal; the same call goes on from there.
    """
    journal = Journal(plan.folder, SAMPLES)
    try:
        check_identity(plan.folder, plan.identity(engine))
        drawing = _Drawing(plan, journal, watch or Silent())
        drawing.check_prompts()
        engine.generate(drawing.missing(), drawing.deliver)
        rows = _finish(plan, journal, scorer, drawing.faults)
        return Finished(rows, [*engine.notes(), *drawing.notes()])
    finally:
        journal.close()


class _Drawing:
    """The samples that are drawn now."""

    def __init__(self, plan: Plan, journal: Journal[Row], watch: Watch) -> None:
        self.faults: dict[Key, str] = {}
        self._plan = plan
        self._journal = journal
        self._watch = watch
        self._noted: Counter[str] = Counter()
        self._answers: dict[tuple[str, str], str] = {}
        self._prompts: dict[tuple[str, str], Prompt] = {}
        for each in plan.asked:
            for problem in each.benchmark.problems:
                name = each.benchmark.name, problem.id
                self._answers[name] = problem.answer
                self._prompts[name] = plan.prompter.prompt(problem)

    def check_prompts(self) -> None:
        """Refuse a journal in which a problem of this run was asked with another text.

        Raises:
            ConfigError: names the problem.
        """
        for each, problem, index in self._plan.samples():
            name = each.benchmark.name, problem.id
            key = *name, index
            if key in self._journal and not self._journal.asked(key, self._prompts[name].shown()):
                raise ConfigError(
                    f"--output {self._plan.folder} has samples of another run: problem {name[1]} of {name[0]} "
                    "was asked with another text. Choose another folder"
                )

    def missing(self) -> Iterator[Request]:
        """Yield a request for each sample that the journal has not."""
        total = there = 0
        for each, problem, index in self._plan.samples():
            total += 1
            there += (each.benchmark.name, problem.id, index) in self._journal
        self._watch.started(total, there)
        for each, problem, index in self._plan.round_by_round():
            key = each.benchmark.name, problem.id, index
            if key not in self._journal:
                seed = sample_seed(self._plan.seed, *key)
                yield Request(key, self._prompts[key[:2]], each.sampling, seed)

    def deliver(self, request: Request, reply: Reply) -> None:
        """Write down a sample at once. A reply without one is asked for again by the next run."""
        if reply.note:
            self._noted[reply.note] += 1
        if reply.text is None and not reply.fault:
            reply = replace(reply, fault="the engine gave neither a text nor a fault")
        if reply.fault:
            self.faults[request.key] = reply.fault
        else:
            self._journal.add(self._row(request, reply))
        self._watch.sample(reply)

    def _row(self, request: Request, reply: Reply) -> Row:
        benchmark, problem, index = request.key
        return Row(
            benchmark,
            problem,
            index,
            seed=request.seed,
            prompt=request.prompt.shown(),
            response=reply.text,
            answer=self._answers[benchmark, problem],
            finish_reason=reply.finish_reason,
            tokens=reply.tokens,
            seconds=reply.seconds,
            forced=reply.forced,
            transcript=reply.transcript,
            tools=reply.tools,
            record=reply.record,
        )

    def notes(self) -> list[str]:
        """Return what is to be known of the replies, each with its count."""
        notes = [f"{text}: {count:,}" for text, count in self._noted.items()]
        if self._journal.repaired:
            notes.append(f"damaged lines of the journal, drawn again: {self._journal.repaired}")
        return notes


def _finish(plan: Plan, journal: Journal[Row], scorer: Scorer, faults: Mapping[Key, str]) -> list[Row]:
    """Score all samples of the run; write them to a file that two runs of the same samples have alike."""

    def samples() -> Iterator[Row]:
        for each, problem, index in plan.samples():
            key = each.benchmark.name, problem.id, index
            if key in journal:
                row = journal.read(key)
                yield row if row.answer == problem.answer else replace(row, answer=problem.answer)
            else:
                seed = sample_seed(plan.seed, *key)
                yield Row(*key, seed=seed, answer=problem.answer, fault=faults.get(key, NOT_DRAWN))

    rows = replace(scorer, keep_text=False).score(samples())

    def with_texts() -> Iterator[Row]:
        for row in rows:
            if row.fault:
                yield row
            else:
                saved = journal.read(row.key)
                texts = {name: getattr(saved, name) for name in ("prompt", "response", "transcript", "record")}
                yield replace(row, seconds=None, **texts)

    write_rows(plan.folder / ROWS, with_texts())
    return rows
