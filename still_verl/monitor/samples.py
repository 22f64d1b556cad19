"""Rows of `samples.jsonl`: some samples of a step, each with all that is known about it."""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from still_verl.monitor.jsonl import finite
from still_verl.monitor.metrics import answer_of, terms_of
from still_verl.monitor.rows import StepRows, finished_of
from still_verl.rewards.routes import DOMAIN


def spread(total: int, wanted: int) -> list[int]:
    """Return up to `wanted` of `total` indices, evenly spread from the first to the last."""
    places = np.linspace(0, total - 1, min(total, wanted))
    return sorted(set(places.round().astype(int).tolist()))


def drawn(total: int, wanted: int, seed: int) -> list[int]:
    """Return up to `wanted` of `total` indices, in order, drawn at random: the order of a batch has patterns.

    Example:
        >>> drawn(3, 5, seed=1)
        [0, 1, 2]
        >>> drawn(1000, 2, seed=1) == drawn(1000, 2, seed=1) != drawn(1000, 2, seed=2)
        True
    """
    chosen = np.random.default_rng(seed).choice(total, min(total, wanted), replace=False)
    return sorted(chosen.tolist())


def same_prompts(prompts: Sequence[str], wanted: int) -> list[int]:
    """Return up to `wanted` indices, in order, of the same prompts whenever it is asked about them.

    Prompts are ranked by a hash of their text, so that their order, which changes from one validation to the next, does
    not matter. A second sample of a prompt is chosen where there are too few prompts.

    Example:
        >>> [["1+1", "2+2", "3+3"][index] for index in same_prompts(["1+1", "2+2", "3+3"], 1)]
        ['1+1']
        >>> [["3+3", "1+1", "2+2"][index] for index in same_prompts(["3+3", "1+1", "2+2"], 1)]
        ['1+1']
    """
    seen: Counter[str] = Counter()
    ranked = []
    for index, prompt in enumerate(prompts):
        ranked.append((seen[prompt], prompt_hash(prompt), index))
        seen[prompt] += 1
    return sorted(index for _, _, index in sorted(ranked)[:wanted])


def prompt_hash(prompt: str) -> int:
    """Return 64 bits that are the same for a prompt in every process and on every machine."""
    return int.from_bytes(blake2b(prompt.encode("utf-8", "backslashreplace"), digest_size=8).digest(), "big")


def sample(
    rows: StepRows, index: int, step: int, prompt: str, response: str, phase: str = "train", own: str | None = None
) -> dict[str, Any]:
    """Return the row of one sample.

    `own` is what the model wrote of `response`, where that has outputs of programs too.
    `acc` is 1.0 or 0.0; `truncated` is None when it is unknown; `reason` is empty for a reward that gives none.
    """
    info, extra = rows.infos[index], rows.extras[index]
    domain = {DOMAIN: info[DOMAIN]} if info.get(DOMAIN) else {}  # of a run with routes
    found, ended = answer_of(info, response if own is None else own), finished_of(info, extra)
    return {
        "step": step,
        "phase": phase,
        "uid": rows.uids[index],
        "prompt": prompt,
        "response": response,
        "gold": _text(rows.references[index]),
        "pred": found.answer,
        "reason": str(info.get("reason", "")),
        "extracted_by": found.method,
        "score": finite(float(rows.scores[index])),
        "acc": float(rows.correct[index]),
        "tokens": int(rows.tokens[index]),
        "truncated": None if ended is None else not ended,
        "dropped": bool(rows.dropped[index]) if rows.dropped else False,
        "terms": terms_of(info),
        **domain,
    }


def _text(reference: Any) -> str | list[str] | None:
    """Return a reference as text; alternatives as a list; None for none."""
    if reference is None:
        return None
    if isinstance(reference, Sequence | np.ndarray) and not isinstance(reference, str | bytes):
        return [str(each) for each in reference]
    return str(reference)
