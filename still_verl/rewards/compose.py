"""From a response to what verl logs and learns from."""

from still_verl.rewards.extract import extract
from still_verl.rewards.verify import verify

Row = dict[str, float | str]


def boxed_math(response: str, gold: str) -> Row:
    """1 when the extracted answer equals `gold`, else 0, with the same keys for every response."""
    found = extract(response)
    verdict = verify(gold, found.answer)
    correct = float(verdict.equal)
    return {
        "score": correct,
        "acc": correct,
        "pred": found.answer,
        "extracted_by": found.method,
        "reason": verdict.reason,
    }
