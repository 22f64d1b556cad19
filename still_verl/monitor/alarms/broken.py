"""Which metrics of a run are no longer finite: NaN, infinite, or null where a logger writes NaN so."""

import math
import re
from collections.abc import Mapping
from typing import Any

DENSE = 3  # finite values in a row after which a metric is one that every such row has
# Times and speeds say nothing about training.
LEFT_OUT = re.compile(r"(perf|timing\w*|still/alarm|system|global_seqlen)/.*")
# What a run cannot do without: not finite from the first step on, it is broken too.
CORE = (
    "actor/grad_norm",
    "actor/pg_loss",
    "actor/loss",
    "actor/kl_loss",
    "actor/entropy",
    "critic/score/mean",
    "train/loss",
    "train/grad_norm",
)


class BrokenMetrics:
    """Counts, for each metric, the values in a row that are not finite.

    A metric that a row does not have is not counted: a validation is not logged in every step. Nor is one that is
    empty now and then, as columns of a table are.

    Attributes:
        counts: of the metrics that are not finite now.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.finite = dict.fromkeys(CORE, DENSE)  # values in a row, up to `DENSE`

    def observe(self, row: Mapping[str, Any]) -> None:
        """Take in the metrics of a step."""
        for name, value in row.items():
            number = None
            if value is not None:
                number = _number(value)
                if number is None:
                    continue
            if number is not None and math.isfinite(number):
                self.finite[name] = min(self.finite.get(name, 0) + 1, DENSE)
                self.counts.pop(name, None)
            elif name in self.counts or self._counts(name, number):
                self.counts[name] = self.counts.get(name, 0) + 1
            else:
                self.finite[name] = 0

    def _counts(self, name: str, value: float | None) -> bool:
        if LEFT_OUT.fullmatch(name):
            return False
        infinite = value is not None and math.isinf(value)
        return infinite or self.finite.get(name, 0) >= DENSE

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must keep, as JSON values."""
        return {"counts": self.counts, "finite": self.finite}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        self.counts, self.finite = state["counts"], state["finite"]


def _number(value: Any) -> float | None:
    """Return a number of numpy or torch, or one that a logger wrote as text ("NaN"); None for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None
