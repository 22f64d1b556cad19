"""What a person would want to be woken for."""

from collections.abc import Callable

from still_verl.monitor.rows import StepRows
from still_verl.rewards.extract import extract

SHOWN = 3  # samples in an alarm's text
TAIL = 160  # characters of a response in it


class ConstantReward:
    """Every reward of some steps in a row was the same: all advantages are 0, and nothing is learned.

    The study's released Zero reward paid 0 for every response, and its curves looked like a model that cannot learn.
    """

    def __init__(self, patience: int = 3) -> None:
        self.patience = patience
        self.steps = 0  # in a row
        self._value: float | None = None

    def observe(self, rows: StepRows) -> bool:
        """Take in a step; True when it is time to say so: after `patience` steps, and again each time that doubles."""
        values = set(rows.scores.tolist())
        value = values.pop() if len(values) == 1 else None
        self.steps = self.steps + 1 if value is not None and value == self._value else int(value is not None)
        self._value = value
        return self.active and (self.steps // self.patience).bit_count() == 1 and self.steps % self.patience == 0

    @property
    def active(self) -> bool:
        return self.steps >= self.patience

    def text(self, rows: StepRows, decode: Callable[[list[int]], str]) -> str:
        """What happened, with samples and what to look at first."""
        chosen = sorted({0, len(rows) // 2, len(rows) - 1})[:SHOWN]
        samples = [_sample(rows, index, decode) for index in chosen]
        unanswered = sum(answer == "" for answer, _ in samples)
        cut = sum(extra.get("finish_reason") == "length" for extra in rows.extras)
        advice = [f"{cut} of {len(rows)} responses were cut at their limit" if cut else ""]
        advice += [f"no answer was found in {unanswered} of {len(samples)} samples" if unanswered else ""]
        return "\n".join(
            [
                f"ALARM constant reward: every response of the last {self.steps} steps got {self._value:g}, "
                "so nothing is learned",
                *(text for _, text in samples),
                "; ".join(filter(None, advice)) or "the task may be too hard or too easy for this model",
                "debug the reward on these responses: still-verl score --help",
            ]
        )


def _sample(rows: StepRows, index: int, decode: Callable[[list[int]], str]) -> tuple[str, str]:
    """(answer found, lines that show it) of one response; foreign rewards do not say what they extracted."""
    response, info = decode(rows.response_ids[index]), rows.infos[index]
    found = extract(response)
    answer, method = info.get("pred", found.answer), info.get("extracted_by", found.method)
    facts = f"gold {rows.references[index]!r}, answer {answer!r} by {method or 'no method'}, {info.get('reason', '')}"
    return answer, f"  {facts.rstrip(', ')}\n    ...{response[-TAIL:]!r}"
