"""From a response to what verl logs and learns from: terms, their weights, and why."""

from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.registry import as_number, in_one_line
from still_verl.rewards.equivalence.verify import UNREADABLE
from still_verl.rewards.explanations import explained
from still_verl.rewards.gold import UnreadableGold
from still_verl.rewards.presets import Preset
from still_verl.rewards.registries import TERMS
from still_verl.rewards.sample import Sample
from still_verl.rewards.unreadable import report_once

Row = dict[str, float | str | None]  # None: a term that another domain has


def score(
    response: str,
    ground_truth: Any,
    preset: Preset,
    tokens: int | None = None,
    max_tokens: int | None = None,
    finished: bool | None = None,
    tool_ok: int | None = None,
) -> Row:
    r"""Score one response that is known as text only; see `score_sample`.

    Args:
        response: the model's own text.
        ground_truth: the answer or alternatives, in any form that `gold.read_gold` reads.
        preset: what to pay for.
        tokens: how long the response is, for the terms of length.
        max_tokens: how long it could be.
        finished: whether it ended by itself.
        tool_ok: how many calls of tools succeeded.

    Raises:
        ValueError: as `score_sample`.

    Example:
        >>> from still_verl.rewards.presets import BOXED
        >>> row = score(r"so it is \boxed{0.5}", r"\frac{1}{2}", BOXED)
        >>> row["score"], row["pred"], row["reason"]
        (1.0, '0.5', 'formula')
    """
    sample = Sample(
        response, ground_truth, preset, tokens=tokens, max_tokens=max_tokens, finished=finished, tool_ok=tool_ok
    )
    return score_sample(sample)


def score_sample(sample: Sample) -> Row:
    """Return the reward of one response and why, with the same keys for every sample of a preset.

    `score` is the reward, `acc` is 1 or 0 for the answer alone, or as the preset's judge says; then come the answer
    (`pred`), the extractor that found it, the reason of the verdict, how generously answers are compared (`verifier`),
    whether the right answer cannot be read (`unreadable_gold`, 1 or 0; it is logged once), and each term before its
    weight as `term_<name>`. Blocks for as long as the answer takes to grade, which `verify` bounds; safe in any number
    of threads.

    Raises:
        ConfigError: a term or an extractor of your own that is not there.
        ValueError: a term lacks its numbers, or returns no finite number.
    """
    preset = sample.preset
    values = {name: _paid(name, sample) for name in preset.terms}
    row: Row = {
        "score": _weighted_sum(preset, values),
        "acc": float(_is_right(sample, values)),
        "pred": sample.found.answer,
        "extracted_by": sample.found.method,
        "reason": _reason(sample, values),
        "verifier": preset.verifier,
        "unreadable_gold": float(bool(sample.gold_fault) or (not preset.judge and sample.verdict.reason == UNREADABLE)),
    }
    if preset.judge:
        row |= explained(TERMS.find(preset.judge), sample)
    if row["unreadable_gold"]:
        report_once(sample)
    return row | {f"term_{TERMS.label(name)}": value for name, value in values.items()}


def unscored(preset: Preset) -> Row:
    """Return a row with the keys of `score_sample` for a response that could not be scored: every number is 0."""
    row: Row = {"score": 0.0, "acc": 0.0, "pred": "", "extracted_by": "", "reason": "not scored"}
    row |= {"verifier": preset.verifier, "unreadable_gold": 0.0}
    return row | {f"term_{TERMS.label(name)}": 0.0 for name in preset.terms}


def _weighted_sum(preset: Preset, values: dict[str, float]) -> float:
    """The reward that terms add up to: nothing unless every required one is 1."""
    if any(values[name] != 1.0 for name in preset.required):
        return 0.0
    return sum((weight * values[name] for name, weight in preset.weights.items()), 0.0)


def _paid(name: str, sample: Sample) -> float:
    """Return what a term says, or 0 where it cannot read the right answer; the sample then says so."""
    try:
        return value_of(name, sample)
    except UnreadableGold as error:
        object.__setattr__(sample, "gold_fault", str(error))
        return 0.0


def value_of(name: str, sample: Sample) -> float:
    """Return what the term of a name says of a sample. A term may return any number, of numpy too, or a bool.

    Raises:
        ConfigError: there is no such term.
        UnreadableGold: one of ours cannot be paid by this row.
        ValueError: it raised, or it is no finite number: one such value would spoil the advantages of a whole group.
    """
    term = TERMS.find(name)
    try:
        value = term(sample)
    except Exception as error:  # whatever the user's own code raises, on whatever a model wrote
        if name in TERMS or isinstance(error, ConfigError):  # those say what is missing, and how to get it
            raise
        raise ValueError(f"{TERMS.key}: the term {name} raised {in_one_line(error)}; correct that function") from error
    number = as_number(value)
    if number is None:
        shown = " ".join(repr(value).split())
        raise ValueError(f"{TERMS.key}: the term {name} returned {shown:.80}: return a finite number")
    return number


def _is_right(sample: Sample, values: dict[str, float]) -> bool:
    """Whether the response is right: as the preset's judge says, else by its answer."""
    if sample.preset.judge:
        return values[sample.preset.judge] >= 1.0
    return sample.verdict.equal


def _reason(sample: Sample, values: dict[str, float]) -> str:
    """Why the score is what it is: the fault of the format when that is required, else what was judged."""
    judge = sample.preset.judge
    if "format" in sample.preset.required and sample.format_fault:
        return f"format: {sample.format_fault}"
    if judge and sample.gold_fault:
        return UNREADABLE
    if judge:
        return f"{TERMS.label(judge)}={values[judge]:g}"
    return sample.verdict.reason
