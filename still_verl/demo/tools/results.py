"""What the chain came to: right answers with and without tools before and after each training, compared by problem."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import fmean

from rich.table import Table

from still_verl.demo.results import DemoError
from still_verl.demo.tools.chain import Finished
from still_verl.demo.tools.powers import ASKED
from still_verl.demo.tools.stages import MODELS, STEPS, evaluation
from still_verl.evaluation.rows import read_rows
from still_verl.interpreter.outputs import output_spans
from still_verl.monitor.jsonl import json_lines
from still_verl.stats.paired import Comparison, compare_rates

_COMPARED = (  # first, second, and what is asked of them
    ("sft_tools", "base_plain", "supervised training with tools, against no training and no tools"),
    ("rl_tools", "sft_tools", "RL after it"),
    ("sft_tools", "sft_plain", "tools, after supervised training"),
    ("rl_tools", "rl_plain", "tools, after RL"),
)


@dataclass(frozen=True)
class Measured:
    """Samples of one model.

    Attributes:
        rates: by problem, the share of right samples.
        samples: how many there are.
        programs: share of samples with a program that was run; None if it is not known.
        calls: programs in a sample; None if it is not known.
        succeeded: share of the programs that ended well; None without any.
        made_up: blocks of output in a sample that the model wrote itself.
    """

    rates: Mapping[str, Fraction]
    samples: int
    programs: float | None
    calls: float | None
    succeeded: float | None
    made_up: float

    @property
    def accuracy(self) -> float:
        """The mean over problems."""
        return float(sum(self.rates.values()) / len(self.rates))


def of_evaluation(run: Path) -> Measured:
    """Count the samples of an evaluation; samples that were lost are left out."""
    right: dict[str, list[bool]] = defaultdict(list)
    calls, succeeded, made_up = [], 0, []
    for row in read_rows(run / "rows.jsonl"):
        if row.scored:
            tools = row.tools or {}
            right[_problem(row.prompt)].append(bool(row.correct))
            calls.append(tools.get("calls", 0))
            succeeded += tools.get("ok", 0)
            made_up.append(len(output_spans(row.response or "")))
    if not right:
        raise DemoError(f"{run} has no samples")
    share = succeeded / sum(calls) if sum(calls) else None
    return Measured(_rates(right), len(calls), fmean(map(bool, calls)), fmean(calls), share, fmean(made_up))


def of_validation(run: Path, step: int) -> Measured:
    """Return what a validation of RL came to. Its dump has what the reward read: nothing of programs that were run."""
    right: dict[str, list[bool]] = defaultdict(list)
    made_up = []
    for row in json_lines(run / "validation" / f"{step}.jsonl"):
        right[_problem(row["input"])].append(row["acc"] == 1)
        made_up.append(len(output_spans(row["model_text"])))  # without the outputs of programs
    if not right:
        raise DemoError(f"{run} has no validation of step {step}")
    return Measured(_rates(right), len(made_up), None, None, None, fmean(made_up))


def differ(first: Measured, second: Measured) -> Comparison:
    """Compare two of them by problem.

    Raises:
        DemoError: they are of other problems.
    """
    if first.rates.keys() != second.rates.keys():
        raise DemoError("the samples are of other problems, and cannot be compared")
    names = sorted(first.rates)
    return compare_rates([first.rates[name] for name in names], [second.rates[name] for name in names])


def results(out: Path) -> dict[str, Measured]:
    """Return what was measured: each evaluation by the name of its folder, and RL's two validations."""
    found = {}
    for model in MODELS:
        for tools in (False, True):
            folder = evaluation(model, tools)
            found[folder.removeprefix("eval/")] = of_evaluation(out / folder)
    for step in (0, STEPS):
        found[f"validation_{step}"] = of_validation(out / "rl", step)
    return found


def accuracies(found: Mapping[str, Measured]) -> Table:
    """Draw what was measured."""
    table = Table(title="Right answers to powers that were never trained on", title_justify="left")
    for column in ("", "right", "with a program", "programs", "ran well", "output made up"):
        table.add_column(column, justify="left" if not column else "right")
    for name, each in found.items():
        counts = [_known(each.programs, ".1%"), _known(each.calls, ".2f"), _known(each.succeeded, ".1%")]
        table.add_row(name.replace("_", " "), f"{each.accuracy:.1%}", *counts, f"{each.made_up:.1%}")
    table.caption = f"{next(iter(found.values())).samples} samples each; tools: programs are run, plain: none is"
    return table


def differences(found: Mapping[str, Measured]) -> Table:
    """Draw the paired comparisons, last RL's first validation with the evaluation of the same model."""
    table = Table(title="Paired by problem", title_justify="left")
    for column in ("", "points", "95 % interval", "p"):
        table.add_column(column, justify="left" if not column else "right")
    same = ("validation_0", "sft_tools", "RL's first validation, against eval of the same model")
    for first, second, title in (*_COMPARED, same):
        compared = differ(found[first], found[second])
        low, high = (100 * end for end in compared.interval)
        table.add_row(title, f"{100 * compared.difference:+.1f}", f"{low:+.1f} to {high:+.1f}", f"{compared.p:.2g}")
    return table


def costs(stages: Sequence[Finished]) -> Table:
    """Draw what each stage took."""
    table = Table("", title="What it took", title_justify="left")
    table.add_column("seconds", justify="right")
    for stage in stages:
        table.add_row(stage.name, f"{stage.seconds:,.0f}")
    table.add_section()
    table.add_row("all", f"{sum(stage.seconds for stage in stages):,.0f}")
    return table


def _known(number: float | None, form: str) -> str:
    return "" if number is None else format(number, form)


def _rates(right: Mapping[str, Sequence[bool]]) -> dict[str, Fraction]:
    return {problem: Fraction(sum(verdicts), len(verdicts)) for problem, verdicts in right.items()}


def _problem(text: str) -> str:
    found = ASKED.search(text)
    if found is None:
        raise DemoError(f"the prompt {text!r} asks for no power")
    return found[0]
