"""One response of a model, as a page shows it, read from a line of ours or of verl's."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from still_verl.monitor.jsonl import finite

SHOWN = 8000  # characters of a text that a page has of it; of a longer one the middle is left out
HEAD = 5000


@dataclass(frozen=True)
class KeptSample:
    """One response of a model, as a page shows it.

    Attributes:
        step: of training.
        phase: "training" or "validation".
        gold: the right answer; empty when the file does not have it.
        pred: the answer that was found in the response; empty for none.
        correct: None when neither `acc` nor a score says it.
        tokens: of the response; None when the file does not have the number.
        facts: what else the file says, in words, e.g. "cut at the limit" and the reward terms.
        source: of the problem, where the file names one.
        cut: whether the response was cut at its limit; None where the file does not say.
        name: its `identity`, where its texts have lost their middle.
    """

    step: int
    phase: str
    prompt: str
    response: str
    gold: str
    pred: str
    correct: bool | None
    score: float | None
    tokens: int | None
    facts: tuple[str, ...] = ()
    source: str = ""
    cut: bool | None = None
    name: str = ""

    @property
    def length(self) -> int:
        """Tokens of the response, or characters where tokens are unknown."""
        if self.tokens is None:
            return len(self.response)
        return self.tokens


def read_sample(row: dict[str, Any], phase: str) -> KeptSample:
    """Read a line of ours (prompt, response, gold) or of verl's (input, output, gts), whose `step` is a number."""
    recorded = str(row.get("phase") or phase)
    cut = finite(row.get("truncated"))
    return KeptSample(
        step=row["step"],
        phase="validation" if recorded.startswith("val") else "training",  # ours are called "train" and "validation"
        prompt=str(row.get("prompt", row.get("input", ""))),
        response=str(row.get("response", row.get("output", ""))),
        gold=_text(row.get("gold", row.get("gts"))),
        pred=_text(row.get("pred")),
        correct=_correct(row),
        score=finite(row.get("score")),
        tokens=_tokens(row),
        facts=_facts(row),
        source=_text(row.get("domain") or row.get("data_source")),
        cut=None if cut is None else cut > 0,
    )


def identity(sample: KeptSample) -> str:
    """Return what a link to a sample has: samples of a prompt and step with the same response have the same."""
    if sample.name:
        return sample.name
    text = f"{sample.phase} {sample.step} {sample.prompt} {sample.response}"
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def shortened(text: str) -> str:
    """Leave out the middle of a text that is longer than `SHOWN` characters, and say so."""
    if len(text) <= SHOWN:
        return text
    gap = f"\n… {len(text) - SHOWN:,} characters are left out here …\n"
    return text[:HEAD] + gap + text[HEAD - SHOWN :]


def _correct(row: dict[str, Any]) -> bool | None:
    """Whether a response is right: above zero in `acc`, or in the score where a reward returns no `acc`."""
    figure = finite(row.get("acc"))
    if figure is None:
        figure = finite(row.get("score"))
    if figure is None:
        return None
    return figure > 0


def _tokens(row: dict[str, Any]) -> int | None:
    tokens = finite(row.get("tokens"))
    if tokens is None:
        return None
    return int(tokens)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value)


def _facts(row: dict[str, Any]) -> tuple[str, ...]:
    facts = []
    if row.get("reason"):
        facts.append(f"compared by {row['reason']}")
    if row.get("truncated"):
        facts.append("cut at the limit")
    if row.get("dropped"):
        facts.append("not learned from")
    terms = row.get("terms")
    if isinstance(terms, dict):
        for name, value in terms.items():
            if finite(value) is not None:
                facts.append(f"{name} {value:g}")
    return tuple(facts)
