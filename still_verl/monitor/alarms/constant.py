"""The alarm of a reward that is the same for every response, which a trend would not show."""

from collections.abc import Callable

from still_verl.monitor.metrics import answer_of
from still_verl.monitor.rows import StepRows, finished_of

TAIL = 160  # characters of a response in an alarm's text


class ConstantReward:
    """Every reward of some steps in a row was the same: all advantages are 0, and nothing is learned.

    The study's released Zero reward paid 0 for every response, and its curves looked like a model that cannot learn.

    Attributes:
        patience: steps in a row after which it is an alarm.
        steps: in a row that had one reward, and that same one.
    """

    def __init__(self, patience: int = 3) -> None:
        self.patience = patience
        self.steps = 0
        self._value: float | None = None

    def observe(self, rows: StepRows) -> bool:
        """Take in a step; True when it is time to say so: after `patience` steps, and again each time that doubles."""
        values = set(rows.scores.tolist())
        if len(values) != 1:
            self.steps, self._value = 0, None
            return False
        value = values.pop()
        if value != self._value:
            self.steps, self._value = 0, value
        self.steps += 1
        times, rest = divmod(self.steps, self.patience)
        return rest == 0 and times.bit_count() == 1  # 1, 2, 4, 8, ...

    @property
    def active(self) -> bool:
        """Whether the alarm lasts."""
        return self.steps >= self.patience

    def text(self, rows: StepRows, decode: Callable[[list[int]], str]) -> str:
        """Say what happened, with three samples and what to look at first."""
        chosen = sorted({0, len(rows) // 2, len(rows) - 1})
        lines = [
            f"ALARM constant reward: every response of the last {self.steps} steps got {self._value:g}, "
            "so nothing is learned"
        ]
        unanswered = 0
        for index in chosen:
            response = decode(rows.written(index))
            found = answer_of(rows.infos[index], response)
            unanswered += not found
            facts = f"gold {rows.references[index]!r}, answer {found.answer!r} by {found.method or 'no method'}"
            reason = rows.infos[index].get("reason")
            if reason:
                facts += f", {reason}"
            lines += [f"  {facts}", f"    ...{response[-TAIL:]!r}"]
        lines.append(_hints(rows, unanswered, len(chosen)))
        lines.append("debug the reward on these responses: still-verl score --help")
        return "\n".join(lines)


def _hints(rows: StepRows, unanswered: int, samples: int) -> str:
    """Say what may be wrong: responses are cut, or have no answer."""
    cut_responses = sum(finished_of(*pair) is False for pair in zip(rows.infos, rows.extras, strict=True))
    hints = []
    if cut_responses:
        hints.append(f"{cut_responses} of {len(rows)} responses were cut at their limit")
    if unanswered:
        hints.append(f"no answer was found in {unanswered} of {samples} samples")
    if not hints:
        return "the task may be too hard or too easy for this model"
    return "; ".join(hints)
