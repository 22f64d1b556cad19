"""The metrics of a step, from its samples, as a flat dict of numbers. Nothing here knows verl.

Every sample that was generated counts, also one that selection drops; rows that pad a batch are not in `StepRows`. A
mean over nothing is left out, so there is no NaN. Lengths are in tokens, words and n-grams are of the decoded response.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from still_verl.interpreter.finish_reason import ABORTED, EMPTY, TURNS
from still_verl.interpreter.tool_stats import OUTCOMES, REFUSALS, SUSPECTS
from still_verl.monitor.groups import group_metrics
from still_verl.monitor.jsonl import finite
from still_verl.monitor.keywords import ACTION, Keywords, split_words
from still_verl.monitor.marks import mark_metrics
from still_verl.monitor.means import means
from still_verl.monitor.remembered import remembers
from still_verl.monitor.repetition import repetition_metrics
from still_verl.monitor.rows import StepRows, finished_of
from still_verl.monitor.scripts import script_metrics
from still_verl.rewards.extract import Extraction, extract

# Logged for each response.
TOOL_COUNTS = (
    "calls",
    "seconds",
    "wait_seconds",
    "cap_reached",
    "resumed",
    "void_turns",
    "other_calls",
    "written_outputs",
)
TOOL_KINDS = (*OUTCOMES, *REFUSALS, *SUSPECTS)
UNUSUAL = (TURNS, ABORTED, EMPTY)  # why a response ended, if neither model nor budget ended it; logged when it occurs
_TERM = "term_"
Texts = Sequence[str] | Sequence[str | None]


def step_metrics(rows: StepRows, texts: Texts, keywords: Keywords, prefix: str = "still") -> dict[str, float]:
    """Compute all metrics of a step, named `<prefix>/<name>`.

    Args:
        texts: what the model wrote in the responses of `rows`, in order: without outputs of programs. None for those
            that are not read, in a step with very many; what is counted in texts is then of the others.
    """
    read = [text for text in texts if text is not None]
    found = lengths(rows) | outcomes(rows, texts) | reward_terms(rows) | gold_faults(rows) | tool_use(rows)
    found |= words(read, keywords) | text_metrics(read) | group_metrics(rows)
    if len(read) < len(rows):
        found["texts_read"] = len(read)
    return {f"{prefix}/{name}": float(value) for name, value in found.items()}


def lengths(rows: StepRows) -> dict[str, float]:
    """Compute the mean, median and 95th percentile (linear) of lengths, and the means of right and of wrong responses.

    Lengths are in tokens.
    """
    if len(rows) == 0:
        return {}
    tokens, correct = rows.tokens, rows.correct
    found = means(
        {
            "length/mean": tokens,
            "length/correct_mean": tokens[correct],
            "length/wrong_mean": tokens[~correct],
        }
    )
    found["length/p50"] = float(np.median(tokens))
    found["length/p95"] = float(np.percentile(tokens, 95))
    return found


def outcomes(rows: StepRows, texts: Texts) -> dict[str, float]:
    """Compute accuracy, and both completion ratios.

    They are the shares of responses that ended by themselves, of those of which it is known, and of those in which an
    answer was found, of those whose reward says so or whose text is read. A response that ended for another reason
    than these or its budget has a share of its own.
    """
    answered: list[bool] = []
    finished: list[bool] = []
    for info, extra, text in zip(rows.infos, rows.extras, texts, strict=True):
        if text is not None or "pred" in info:
            answered.append(bool(answer_of(info, text or "")))
        ended = finished_of(info, extra)
        if ended is not None:
            finished.append(ended)
    found = {"accuracy": rows.correct, "completion/answered": answered, "completion/finished": finished}
    reasons = [extra["finish_reason"] for extra in rows.extras if "finish_reason" in extra]
    for reason in UNUSUAL:
        if reason in reasons:
            found[f"completion/{reason}"] = [reason == each for each in reasons]
    return means(found)


def answer_of(info: dict[str, Any], text: str) -> Extraction:
    """Return the answer that the reward found and how; where it says nothing, the one that `extract` finds."""
    if "pred" in info:
        return Extraction(str(info["pred"] or ""), str(info.get("extracted_by", "")))
    return extract(text)


def reward_terms(rows: StepRows) -> dict[str, float]:
    """Compute the mean of each `term_*` that a reward returned, over the samples that have a finite one."""
    values: dict[str, list[float]] = {}
    for info in rows.infos:
        for name, value in terms_of(info).items():
            values.setdefault(f"reward/{name}", []).append(value)
    return means(values)


def gold_faults(rows: StepRows) -> dict[str, float]:
    """Compute the share of responses whose right answer could not be read, of those whose reward says so."""
    unreadable = [info["unreadable_gold"] for info in rows.infos if info.get("unreadable_gold") is not None]
    return means({"reward/unreadable_gold": unreadable})


def terms_of(info: dict[str, Any]) -> dict[str, float]:
    """Return the terms of one reward by name, without the prefix; what is no finite number is left out."""
    found: dict[str, float] = {}
    for key, value in info.items():
        number = finite(value)
        if key.startswith(_TERM) and number is not None:
            found[key.removeprefix(_TERM)] = number
    return found


def tool_use(rows: StepRows) -> dict[str, float]:
    """Compute how the interpreter of the agent loop `still_code` was used: per response, and as shares of all calls."""
    used = [extra for extra in rows.extras if "tool_calls" in extra]
    if not used:
        return {}
    found: dict[str, float] = {}
    for name in TOOL_COUNTS:
        found[f"tool/{name}"] = _total(used, f"tool_{name}") / len(used)
    found["tool/use"] = sum(extra["tool_calls"] > 0 for extra in used) / len(used)
    calls = _total(used, "tool_calls")
    if calls:
        found["tool/success"] = _total(used, "tool_ok") / calls
        for kind in TOOL_KINDS:
            if kind != "ok":
                found[f"tool/{kind}_ratio"] = _total(used, f"tool_{kind}") / calls
    masked = _total(used, "tool_masked_tokens")
    tokens = masked + _total(used, "response_tokens")
    if tokens:
        found["tool/masked_token_ratio"] = masked / tokens
    # The tier in force is a name, so it is a part of the metric's: 1.0 where all programs had the same.
    tiers = [extra["tool_tier"] for extra in used if extra.get("tool_tier")]
    for tier in sorted(set(tiers)):
        found[f"tool/tier_{tier}"] = tiers.count(tier) / len(tiers)
    return found


def words(texts: Sequence[str], keywords: Keywords) -> dict[str, float]:
    """Count the words of each category, for each response and for each 1,000 words of all together; RRA's actions."""
    if not texts:
        return {}
    counts = dict.fromkeys((*keywords.categories, ACTION), 0)
    total = 0
    for text in texts:
        total += _count_words(text)
        for name, count in keywords.count(text).items():
            counts[name] += count
    found = {"actions/mean": counts.pop(ACTION) / len(texts)}
    for name, count in counts.items():
        found[f"keywords/{name}/per_response"] = count / len(texts)
        if total:
            found[f"keywords/{name}/per_1k_words"] = 1000 * count / total
    return found


@remembers
def _count_words(text: str) -> int:
    return len(split_words(text))


def text_metrics(texts: Sequence[str]) -> dict[str, float]:
    """Compute what is seen in the texts alone: repetition, marks and scripts."""
    return repetition_metrics(texts) | mark_metrics(texts) | script_metrics(texts)


def _total(extras: Iterable[dict[str, Any]], key: str) -> float:
    return float(sum(extra.get(key, 0) for extra in extras))
