"""Rows of `samples.jsonl`: some samples of a step, each with all that is known about it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from still_verl.monitor.jsonl import finite
from still_verl.monitor.metrics import answer_of, finished_of, terms_of
from still_verl.monitor.rows import StepRows


def spread(total: int, wanted: int) -> list[int]:
    """Up to `wanted` of `total` indices, evenly spread from the first to the last."""
    return sorted(set(np.linspace(0, total - 1, min(total, wanted)).round().astype(int).tolist()))


def sample(rows: StepRows, index: int, step: int, prompt: str, response: str, phase: str = "train") -> dict[str, Any]:
    """The row of one sample.

    `acc` is 1.0 or 0.0; `truncated` is None when nobody tells; `reason` and `extracted_by` are empty for a reward that
    does not tell them.
    """
    info, extra = rows.infos[index], rows.extras[index]
    ended = finished_of(info, extra)
    return {
        "step": step,
        "phase": phase,
        "uid": rows.uids[index],
        "prompt": prompt,
        "response": response,
        "gold": None if rows.references[index] is None else _text(rows.references[index]),
        "pred": answer_of(info, response),
        "reason": str(info.get("reason", "")),
        "extracted_by": str(info.get("extracted_by", "")),
        "score": finite(float(rows.scores[index])),
        "acc": float(rows.correct[index]),
        "tokens": int(rows.tokens[index]),
        "truncated": None if ended is None else not ended,
        "dropped": bool(rows.dropped[index]) if rows.dropped else False,
        "terms": terms_of(info),
    }


def _text(gold: Any) -> Any:
    """A gold answer, or a list of alternatives, as text."""
    several = isinstance(gold, Sequence | np.ndarray) and not isinstance(gold, str | bytes)
    return [str(each) for each in gold] if several else str(gold)
