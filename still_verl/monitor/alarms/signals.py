"""Signals: short names for figures of a step, read from a metric of ours, of verl's or of TRL's, whichever exists."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from still_verl.monitor.alarms.scales import Factor, Part, Scale
from still_verl.monitor.keywords import KEYWORD_RATE
from still_verl.monitor.metric_names import (
    ACCURACY,
    CHARACTERS,
    CLIP_FRACTION,
    ENTROPY,
    EQUAL_REWARD,
    FINISHED,
    GRADIENT,
    HELD_OUT_LOSS,
    KL,
    LENGTH,
    MISMATCH,
    SCORE,
    STALENESS,
    STEP_SECONDS,
    SUPERVISED,
    SUPERVISED_LOSS,
    TOOL_CALLS,
    TRUNCATED,
    VERL_OF_SEVERAL,
    VERL_VALIDATION,
)

Row = Mapping[str, Any]  # the metrics of a step
Read = Callable[[Row], Any]


@dataclass(frozen=True)
class Signal:
    """A figure of a step.

    Attributes:
        read: from the metrics of a step; returns None where there is none.
        scale: on which it is compared.
    """

    read: Read
    scale: Scale


def first_of(*names: str) -> Read:
    """Return how the first of some metrics that a step has is read; None for a step with none of them."""

    def read(row: Row) -> Any:
        for name in names:
            if row.get(name) is not None:
                return row[name]
        return None

    return read


def truncated(row: Row) -> Any:
    """Return the share of responses that were cut at their limit.

    verl's `response_length/clip_ratio` is not read: verl compares with the longest response of the batch, and not with
    the limit.
    """
    finished = first_of(*FINISHED)(row)
    if finished is None:
        return first_of(*TRUNCATED)(row)
    return 1 - finished


def repetition(row: Row) -> Any:
    """Return the largest share of a response that was said before: in words, in characters, or as a loop at its end."""
    found = [row.get(f"still/{name}") for name in ("repetition", "repetition_characters", "loops")]
    return max((value for value in found if value is not None), default=None)


def keyword_rate(row: Row) -> float | None:
    """Add up the keywords for each 1,000 words over all categories that the run counts."""
    rates = []
    for name, value in row.items():
        if value is not None and KEYWORD_RATE.fullmatch(name):
            rates.append(value)
    if not rates:
        return None
    return float(sum(rates))


def without_signal(row: Row) -> Any:
    """Return the share of groups whose samples all got the same reward; of verl only whether all groups are such."""
    equal = first_of(*EQUAL_REWARD)(row)
    if equal is not None:
        return equal
    highest, lowest = row.get("critic/advantages/max"), row.get("critic/advantages/min")
    if highest is None or lowest is None:
        return None
    return float(highest == lowest)


def sandbox_faults(row: Row) -> Any:
    """Return the share of calls that a missing package or a refused file or call ended."""
    found = [row[name] for name in SANDBOX_FAULTS if row.get(name) is not None]
    return sum(found) if found else None


def supervised_loss(row: Row) -> Any:
    """Return the loss of a step of supervised training: RL has a loss too, whose size says nothing."""
    if row.get(SUPERVISED) is None:
        return None
    return first_of(*SUPERVISED_LOSS)(row)


SANDBOX_FAULTS = ("still/tool/missing_module_ratio", "still/tool/not_permitted_ratio")

SIGNALS: dict[str, Signal] = {
    # A score stands in for accuracy where nothing else says what is right; the scale then is the user's.
    "accuracy": Signal(first_of(*ACCURACY, *SCORE), Part()),
    "true_accuracy": Signal(first_of(*ACCURACY), Scale()),
    "score": Signal(first_of(*SCORE), Part()),
    "answered": Signal(first_of("still/completion/answered", "still/reward/format"), Scale()),
    "all_right": Signal(first_of("still/groups/all_right"), Scale()),
    "all_wrong": Signal(first_of("still/groups/all_wrong"), Scale()),
    "without_signal": Signal(without_signal, Scale(resolution=0.02)),
    "distinct": Signal(first_of("still/groups/distinct"), Scale()),
    "length": Signal(first_of(*LENGTH, CHARACTERS), Factor(floor=1.0)),
    "truncated": Signal(truncated, Scale()),
    "aborted": Signal(first_of("response/aborted_ratio"), Scale()),
    "keywords": Signal(keyword_rate, Factor(resolution=0.03, floor=0.5)),
    "repetition": Signal(repetition, Scale(resolution=0.002)),
    "compression": Signal(first_of("still/compression"), Factor(resolution=0.01, floor=0.01)),
    "open_thoughts": Signal(first_of("still/thoughts/unclosed"), Scale()),
    "boxes": Signal(first_of("still/boxes/mean"), Factor(resolution=0.02, floor=0.5)),
    "distinct_words": Signal(first_of("still/distinct_2"), Scale()),
    "entropy": Signal(first_of(*ENTROPY), Factor(floor=1e-4)),
    "kl": Signal(first_of(*KL), Factor(resolution=0.03, floor=0.01)),
    "clip_fraction": Signal(first_of(*CLIP_FRACTION), Factor(resolution=0.05, floor=0.002)),
    "gradient": Signal(first_of(*GRADIENT), Factor(resolution=0.03, floor=1e-3)),
    "supervised_loss": Signal(supervised_loss, Factor(resolution=0.01, floor=1e-3)),
    "held_out_loss": Signal(first_of(*HELD_OUT_LOSS), Factor(floor=1e-3)),
    "mismatch": Signal(first_of(*MISMATCH), Factor(resolution=0.03, floor=2e-4)),
    "staleness": Signal(first_of(*STALENESS), Scale(resolution=0.02)),
    "tool_calls": Signal(first_of(*TOOL_CALLS), Factor(resolution=0.02, floor=0.01)),
    "tool_success": Signal(first_of("still/tool/success"), Scale()),
    "sandbox_faults": Signal(sandbox_faults, Scale()),
    "void_turns": Signal(first_of("still/tool/no_code_ratio"), Scale()),
    "step_seconds": Signal(first_of(*STEP_SECONDS), Factor(resolution=0.03, floor=0.01)),
}

# Signals of which a run has any number, `<family>/<member>`: the first group is the member.
FAMILIES: dict[str, tuple[tuple[re.Pattern[str], ...], Scale]] = {
    "validation": (
        (
            VERL_VALIDATION,
            VERL_OF_SEVERAL,
            re.compile(r"still/(validation)/accuracy"),
            re.compile(r"eval_(?:.*_)?(accuracy|reward)"),
        ),
        Part(resolution=0.005),
    ),
    "script": ((re.compile(r"still/script/(.+)"),), Scale()),
    # The share of right answers that cannot be read is no term of the reward.
    "reward": ((re.compile(r"still/reward/(?!unreadable_gold$)(.+)"), re.compile(r"rewards/(.+)/mean")), Scale()),
}


def reader(name: str) -> Read:
    """Return how a signal is read from a step's metrics: one of `SIGNALS`, else the metric of that name."""
    if name in SIGNALS:
        return SIGNALS[name].read
    return first_of(name)


def scale_of(name: str) -> Scale:
    """Return the scale of a signal; a metric that a user names, and of which nothing is known, is compared in parts."""
    if name in SIGNALS:
        return SIGNALS[name].scale
    family, _, _ = name.partition("/")
    if family in FAMILIES:
        return FAMILIES[family][1]
    return Part()


def family_member(metric: str, families: Collection[str] = tuple(FAMILIES)) -> str | None:
    """Return the signal `<family>/<member>` that a metric is; None if it is of none of these families.

    Example:
        >>> family_member("val-core/math500/acc/mean@4"), family_member("actor/entropy")
        ('validation/math500', None)
    """
    for family in families:
        patterns, _ = FAMILIES[family]
        for pattern in patterns:
            found = pattern.fullmatch(metric)
            if found:
                return f"{family}/{found[1]}"
    return None


def read_signals(row: Row, readers: Mapping[str, Read]) -> dict[str, float]:
    """Return the signals of a step; one that is missing, or no finite number, is left out."""
    found: dict[str, float] = {}
    for name, read in readers.items():
        try:
            value = float(read(row))
        except (TypeError, ValueError, OverflowError):  # None is missing; a metric that a user named may be a text
            continue
        if math.isfinite(value):
            found[name] = value
    return found
