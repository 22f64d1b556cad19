"""Draws samples of a training set's problems, a few at a time, until the rule is sure of each."""

from collections.abc import Sequence
from dataclasses import replace

from still_verl.curation.difficulty.sequential import Rule, fitted
from still_verl.evaluation.engines.base import Engine
from still_verl.evaluation.problems import Problem
from still_verl.evaluation.results import judged
from still_verl.evaluation.run import Asked, Plan, Watch, evaluate
from still_verl.evaluation.score import Scorer
from still_verl.stats.problems import Problem as Count
from still_verl.stats.problems import count


def draw(plan: Plan, engine: Engine, scorer: Scorer, rule: Rule, watch: Watch | None = None) -> list[str]:
    """Draw the samples of a run with one benchmark, and write all of them to the `rows.jsonl` of its folder.

    Each round asks for a few more samples of the problems that are neither decided nor given up. A sample's seed
    depends on neither the round nor the other problems, and each is in the journal at once: the same call goes on after
    a kill, and ends with the same samples.

    Returns:
        What there is to know of the replies.

    Raises:
        ConfigError: the folder has samples of another run, or is in use.
        EngineError: the engine cannot go on.
    """
    (asked,) = plan.asked
    waiting = list(asked.benchmark.problems)
    finished: list[Asked] = []
    notes: dict[str, None] = {}
    known: dict[str, Count] = {}
    samples = 0
    while waiting:
        samples = min(samples + rule.at_a_time, rule.most)
        found = evaluate(replace(plan, asked=[_some(asked, waiting, samples)]), engine, scorer, watch)
        notes.update(dict.fromkeys(found.notes))
        counts = count(judged(found.rows)).get(asked.benchmark.name, {})
        known |= {problem.id: counts.get(problem.id, Count()) for problem in waiting}
        now = fitted(rule, ((each.right, each.samples) for each in known.values()))
        going_on, ended = [], []
        for problem in waiting:
            each = known[problem.id]
            if samples < rule.most and not now.stops(each.right, each.samples):
                going_on.append(problem)
            else:
                ended.append(problem)
        if ended:
            finished.append(_some(asked, ended, samples))
        waiting = going_on
    evaluate(replace(plan, asked=finished), engine, scorer, watch)
    return list(notes)


def _some(asked: Asked, problems: Sequence[Problem], samples: int) -> Asked:
    """The same benchmark with some of its problems, and so many samples of each."""
    return Asked(replace(asked.benchmark, problems=tuple(problems)), replace(asked.sampling, k=samples))
