"""What the samples of a step say about a run, as a flat dict of numbers. Nothing here knows verl.

Every sample that was generated counts, also one that selection drops; rows that pad a batch are not in `StepRows`. A
mean over nothing is left out, so there is no NaN. Lengths are in tokens, words and n-grams are of the decoded response.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from still_verl.interpreter.tool_stats import OUTCOMES, REFUSALS
from still_verl.monitor.keywords import ACTION, Keywords, split_words
from still_verl.monitor.rows import StepRows
from still_verl.rewards.extract import extract

REPEATED_WORDS = 20  # of an n-gram, as in `rewards.terms.repetition`
DISTINCT_WORDS = 2  # Li et al. 2016, arXiv 1510.03055
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no bits of a hash are lost
TOOL_COUNTS = ("calls", "seconds", "wait_seconds", "cap_reached", "masked_tokens")
TOOL_KINDS = (*OUTCOMES, *REFUSALS)
_TERM = "term_"


def step_metrics(rows: StepRows, texts: Sequence[str], keywords: Keywords, prefix: str = "still") -> dict[str, float]:
    """All metrics of a step, named `<prefix>/<name>`; `texts` are the decoded responses of `rows`, in order."""
    said = (words(texts, keywords), novelties(texts))
    parts = (lengths(rows), outcomes(rows, texts), reward_terms(rows), tool_use(rows), *said)
    return {f"{prefix}/{name}": float(value) for part in parts for name, value in part.items()}


def lengths(rows: StepRows) -> dict[str, float]:
    """Tokens of responses: mean, median and 95th percentile (linear), and the means of right and of wrong ones."""
    tokens, correct = rows.tokens, rows.correct
    means = {"mean": tokens, "correct_mean": tokens[correct], "wrong_mean": tokens[~correct]} if len(rows) else {}
    quantiles = {"p50": np.median(tokens), "p95": np.percentile(tokens, 95)} if len(rows) else {}
    return {f"length/{name}": value for name, value in (_means(means) | quantiles).items()}


def outcomes(rows: StepRows, texts: Sequence[str]) -> dict[str, float]:
    """Accuracy, and both completion ratios: the response ended by itself (of those that tell), an answer was found."""
    answered = [bool(answer_of(info, text)) for info, text in zip(rows.infos, texts, strict=True)]
    told = [finished for finished in map(finished_of, rows.infos, rows.extras) if finished is not None]
    return _means({"accuracy": rows.correct, "completion/answered": answered, "completion/finished": told})


def answer_of(info: dict[str, Any], text: str) -> str:
    """The answer that the reward found; where it does not tell, the one that `extract` finds."""
    return str(info["pred"] or "") if "pred" in info else extract(text).answer


def finished_of(info: dict[str, Any], extra: dict[str, Any]) -> bool | None:
    """Whether a response ended by itself; None when neither agent loop nor reward say so."""
    if "finish_reason" in extra:
        return extra["finish_reason"] != "length"
    return not info["truncated"] if info.get("truncated") is not None else None


def reward_terms(rows: StepRows) -> dict[str, float]:
    """The mean of each `term_*` that a reward returned, over the samples that have a finite one."""
    values: dict[str, list[float]] = {}
    for info in rows.infos:
        for name, value in terms_of(info).items():
            values.setdefault(name, []).append(value)
    return {f"reward/{name}": value for name, value in _means(values).items()}


def terms_of(info: dict[str, Any]) -> dict[str, float]:
    """The terms of one reward by name, without the prefix; what is no finite number is left out."""
    numbers = {key: value for key, value in info.items() if key.startswith(_TERM) and isinstance(value, int | float)}
    return {key.removeprefix(_TERM): float(value) for key, value in numbers.items() if np.isfinite(value)}


def tool_use(rows: StepRows) -> dict[str, float]:
    """What the agent loop `still_code` left of its interpreter: for each response, and as shares of all calls."""
    used = [extra for extra in rows.extras if "tool_calls" in extra]
    if not used:
        return {}
    sums = {name: float(sum(extra[f"tool_{name}"] for extra in used)) for name in (*TOOL_COUNTS, *TOOL_KINDS)}
    per_response = {name: sums[name] / len(used) for name in ("calls", "seconds", "wait_seconds", "cap_reached")}
    calls, tokens = sums["calls"], sum(extra["response_tokens"] for extra in used)
    shares = {"success" if kind == "ok" else f"{kind}_ratio": sums[kind] / calls for kind in TOOL_KINDS if calls}
    masked = {"masked_token_ratio": sums["masked_tokens"] / tokens} if tokens else {}
    tiers = _shares_of_tiers([extra["tool_tier"] for extra in used if extra["tool_tier"]])
    return {f"tool/{name}": value for name, value in (per_response | shares | masked | tiers).items()}


def _shares_of_tiers(tiers: list[str]) -> dict[str, float]:
    """The tier in force is a name, so that it is part of the metric's: 1.0 where all programs had the same."""
    return {f"tier_{tier}": tiers.count(tier) / len(tiers) for tier in sorted(set(tiers))}


def words(texts: Sequence[str], keywords: Keywords) -> dict[str, float]:
    """Words of each category for each response, and for each 1,000 words of all responses together; RRA's actions."""
    if not texts:
        return {}
    counts = [keywords.count(text) for text in texts]
    total = sum(len(split_words(text)) for text in texts)
    sums = {name: sum(count[name] for count in counts) for name in (*keywords.categories, ACTION)}
    found = {"actions/mean": sums.pop(ACTION) / len(texts)}
    found |= {f"keywords/{name}/per_response": count / len(texts) for name, count in sums.items()}
    per_1k = {f"keywords/{name}/per_1k_words": 1000 * count / total for name, count in sums.items()} if total else {}
    return found | per_1k


def novelties(texts: Sequence[str]) -> dict[str, float]:
    """Means over responses of what `novelty` says of each."""
    pairs = [novelty(text) for text in texts]
    repeated, distinct = [pair[0] for pair in pairs], [pair[1] for pair in pairs if pair[1] is not None]
    return _means({"repetition": repeated, "distinct_2": distinct})


def novelty(text: str) -> tuple[float, float | None]:
    """(share of 20-grams of words that occurred before, share of 2-grams that are distinct) in one response.

    The former is 0 for a shorter response, as in the reward term; the latter None for one of less than two words.
    """
    found = split_words(text)
    hashes = np.fromiter(map(hash, found), dtype=np.int64, count=len(found)).view(np.uint64)
    repeated = distinct_share(hashes, REPEATED_WORDS)
    return (0.0 if repeated is None else 1.0 - repeated, distinct_share(hashes, DISTINCT_WORDS))


def distinct_share(hashes: np.ndarray, n: int) -> float | None:
    """The number of different n-grams over that of all; None if there is none.

    n-grams are compared by a polynomial hash of 64 bits: the odds that two of 10,000 collide are about 1 in 10^11.
    """
    total = len(hashes) - n + 1
    if total < 1:
        return None
    grams = np.zeros(total, dtype=np.uint64)
    for place in range(n):
        grams = grams * _BASE + hashes[place : place + total]
    grams.sort()
    return (1 + int(np.count_nonzero(grams[1:] != grams[:-1]))) / total


def _means(values: Mapping[str, Any]) -> dict[str, float]:
    """The mean of each entry that has at least one value."""
    arrays = {name: np.asarray(value, dtype=float) for name, value in values.items()}
    return {name: float(array.mean()) for name, array in arrays.items() if array.size}
