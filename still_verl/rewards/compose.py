"""From a response to what verl logs and learns from: terms, their weights, and why."""

import math

from still_verl.rewards.presets import Preset
from still_verl.rewards.registries import TERMS
from still_verl.rewards.sample import Sample, as_references

Row = dict[str, float | str]


def score(
    response: str,
    ground_truth: object,
    preset: Preset,
    tokens: int | None = None,
    max_tokens: int | None = None,
    finished: bool | None = None,
    tool_ok: int | None = None,
) -> Row:
    r"""Score one response that is known as text only; see `score_sample`.

    `ground_truth` is the answer, or a sequence of alternatives of which one must be met.

    Example:
        >>> from still_verl.rewards.presets import BOXED
        >>> row = score(r"so it is \boxed{0.5}", r"\frac{1}{2}", BOXED)
        >>> row["score"], row["pred"], row["reason"]
        (1.0, '0.5', 'formula')
    """
    references = as_references(ground_truth)
    sample = Sample(
        response, references, preset, tokens=tokens, max_tokens=max_tokens, finished=finished, tool_ok=tool_ok
    )
    return score_sample(sample)


def score_sample(sample: Sample) -> Row:
    """Return the reward of one response and why, with the same keys for every sample of a preset.

    `score` is the reward, `acc` is 1 or 0 for the answer alone; then come the answer (`pred`), the extractor that found
    it, the reason of the verdict, and each term before its weight as `term_<name>`. Blocks for as long as the answer
    takes to grade, which `verify` bounds; safe in any number of threads.

    Raises:
        ValueError: a term lacks its numbers, or returns no finite number.
    """
    preset = sample.preset
    values = {name: value_of(name, sample) for name in preset.terms}
    complete = all(values[name] == 1.0 for name in preset.required)
    total = 0.0
    if complete:
        total = sum(weight * values[name] for name, weight in preset.weights.items())
    row: Row = {
        "score": total,
        "acc": float(sample.verdict.equal),
        "pred": sample.found.answer,
        "extracted_by": sample.found.method,
        "reason": _reason(sample),
    }
    for name, value in values.items():
        row[f"term_{TERMS.label(name)}"] = value
    return row


def value_of(name: str, sample: Sample) -> float:
    """Return what the term of a name says of a sample.

    Raises:
        ValueError: it is no finite number; one such value would spoil the advantages of a whole group.
    """
    value = TERMS.find(name)(sample)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"the reward term {name} returned {value!r}: return a finite number")
    return float(value)


def _reason(sample: Sample) -> str:
    """Why the score is what it is: the fault of the format when that is required, else the reason of the verdict."""
    if "format" in sample.preset.required and sample.format_fault:
        return f"format: {sample.format_fault}"
    return sample.verdict.reason
