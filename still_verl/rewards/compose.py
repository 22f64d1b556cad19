"""From a response to what verl logs and learns from: terms, weights, and the presets of the study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from still_verl.rewards import terms
from still_verl.rewards.extract import Extraction, extract
from still_verl.rewards.format import zero_format_fault
from still_verl.rewards.verify import Verdict, verify

Row = dict[str, float | str]


@dataclass(frozen=True)
class Preset:
    """A weighted sum of terms, which is 0 unless every term of `required` is 1."""

    weights: Mapping[str, float]
    required: Sequence[str] = ()
    order: Sequence[str] = ("boxed",)  # of the methods of `extract`
    overlong_buffer: int = 4096  # tokens before the limit in which `overlong` grows
    prefilled_think: bool = True  # whether the prompt ends in <think>, for `format`

    def __post_init__(self) -> None:
        if unknown := {*self.weights, *self.required} - set(TERMS):
            raise ValueError(f"unknown reward term {sorted(unknown)}; choose from {list(TERMS)}")


@dataclass(frozen=True)
class Sample:
    """One response to judge.

    `tokens`, `max_tokens` and `finished` matter to the terms of length only, `tool_ok` to the term `tools` only.
    """

    response: str
    golds: Sequence[str]
    preset: Preset
    tokens: int | None = None
    max_tokens: int | None = None
    finished: bool | None = None  # by itself; None: when it is shorter than the limit
    tool_ok: int | None = None  # calls of tools that succeeded

    @cached_property
    def found(self) -> Extraction:
        return extract(self.response, self.preset.order)

    @cached_property
    def verdict(self) -> Verdict:
        """Of the first gold answer that is met, else of the first."""
        verdicts = [verify(gold, self.found.answer) for gold in self.golds]
        return next((verdict for verdict in verdicts if verdict), verdicts[0])

    @cached_property
    def format_fault(self) -> str:
        return zero_format_fault(self.response, self.preset.prefilled_think)

    @property
    def lengths(self) -> tuple[int, int]:
        """Tokens of the response and their limit. `ValueError` when a term needs them and nobody gave them."""
        if self.tokens is None or not self.max_tokens:
            raise ValueError("a reward of length needs the number of tokens: see reward_fns/length.py")
        return self.tokens, self.max_tokens

    @property
    def succeeded_calls(self) -> int:
        """Of tools. `ValueError` when nobody counted them."""
        if self.tool_ok is None:
            raise ValueError(
                "the term `tools` needs the agent loop still_code, which counts its calls: still/rollout=code"
            )
        return self.tool_ok


TERMS: dict[str, Callable[[Sample], float]] = {
    "correct": lambda sample: terms.correctness(sample.verdict.equal),
    "signed": lambda sample: terms.signed_correctness(sample.verdict.equal),
    "format": lambda sample: float(not sample.format_fault),
    "length": lambda sample: terms.length_ratio(*sample.lengths),
    "actions": lambda sample: terms.action_ratio(sample.response),
    "finished": lambda sample: (terms.finished(*sample.lengths) if sample.finished is None else float(sample.finished)),
    "overlong": lambda sample: terms.soft_overlong(*sample.lengths, sample.preset.overlong_buffer),
    "repetition": lambda sample: terms.repetition(sample.response),
    "tools": lambda sample: terms.useful_tools(sample.verdict.equal, sample.succeeded_calls),
}

PRESETS: dict[str, Preset] = {
    "boxed": Preset({"correct": 1.0}),  # P 2: 1 when the boxed answer is right
    "zero": Preset({"correct": 1.0}, required=("format",), order=("answer_tag", "boxed")),  # P 2: right and well formed
    "distill": Preset({"signed": 1.0}),  # P 4.2 and 4.3: +1 or -1
    "rrl": Preset({"signed": 1.0, "length": 1.0}),  # P 4.2: rewarding response length
    "rra": Preset({"signed": 1.0, "actions": 1.0}),  # P 4.2: rewarding reasoning actions
    "overlong": Preset({"signed": 1.0, "overlong": 1.0}),  # DAPO's soft punishment, for comparison with P 4.2's mask
}


def gold_answers(ground_truth: object) -> tuple[str, ...]:
    """A row's `ground_truth`, an answer or a sequence of alternatives (the study's data has both), as text."""
    several = hasattr(ground_truth, "__iter__") and not isinstance(ground_truth, str | bytes)
    return tuple(map(str, ground_truth)) or ("",) if several else (str(ground_truth),)  # type: ignore[call-overload]


def score(
    response: str,
    gold: object,
    preset: Preset,
    tokens: int | None = None,
    max_tokens: int | None = None,
    finished: bool | None = None,
    tool_ok: int | None = None,
) -> Row:
    """The reward of one response and why, with the same keys for every sample of a preset.

    `gold` is the answer, or a sequence of alternatives of which one must be met.

    `score` is the reward, `acc` is 1 or 0 for the answer alone; then come the answer (`pred`), the method that found
    it, the reason of the verdict, and each term before its weight. Blocks for as long as the answer takes to grade,
    which `verify` bounds; safe in any number of threads. `ValueError` when a term lacks its numbers.
    """
    sample = Sample(response, gold_answers(gold), preset, tokens, max_tokens, finished, tool_ok)
    values = {name: TERMS[name](sample) for name in (*preset.required, *preset.weights)}
    complete = all(values[name] == 1.0 for name in preset.required)
    total = sum(weight * values[name] for name, weight in preset.weights.items()) if complete else 0.0
    return {
        "score": total,
        "acc": float(sample.verdict.equal),
        "pred": sample.found.answer,
        "extracted_by": sample.found.method,
        "reason": _reason(sample),
        **{f"term_{name}": value for name, value in values.items()},
    }


def _reason(sample: Sample) -> str:
    """Why the score is what it is: the fault of the format when that is required, else the reason of the verdict."""
    fault = sample.format_fault if "format" in sample.preset.required else ""
    return f"format: {fault}" if fault else sample.verdict.reason
