"""What a distillation may spend, and how fast it may ask."""

import asyncio
import time
from dataclasses import dataclass

MILLION = 1_000_000


@dataclass
class Budget:
    """Tokens that were paid for, and limits that end a run: no request begins after one is reached.

    Attributes:
        max_tokens: asked and written together; None is no limit.
        max_cost: in the currency of the prices; None is no limit.
        price_in, price_out: of a million tokens that are asked and written.
        asked, written: tokens so far, of all runs in the folder.
        replies: that were paid for so far.
        unknown: of those, the ones whose tokens the server did not say.
    """

    max_tokens: int | None = None
    max_cost: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0
    asked: int = 0
    written: int = 0
    replies: int = 0
    unknown: int = 0

    @property
    def has_limit(self) -> bool:
        """Whether there is a limit that a reply without counts would make void."""
        return self.max_tokens is not None or self.max_cost is not None

    @property
    def cost(self) -> float:
        """What was spent, in the currency of the prices."""
        return self._cost(self.asked, self.written)

    def add(self, asked: int | None, written: int | None) -> None:
        """Count a reply."""
        self.replies += 1
        if asked is None or written is None:
            self.unknown += 1
        self.asked += asked or 0
        self.written += written or 0

    def reached(self, lost: tuple[int, int] = (0, 0)) -> str:
        """Say which limit is reached, with tokens that are not counted yet; nothing where none is."""
        asked, written = self.asked + lost[0], self.written + lost[1]
        if self.max_tokens is not None and asked + written >= self.max_tokens:
            return f"the budget of {self.max_tokens:,} tokens is spent; a higher --token-budget goes on from here"
        if self.max_cost is not None and self._cost(asked, written) >= self.max_cost:
            return f"the budget of {self.max_cost:g} is spent; a higher --budget goes on from here"
        return ""

    def _cost(self, asked: int, written: int) -> float:
        return (asked * self.price_in + written * self.price_out) / MILLION


class Pace:
    """Sends so many requests a minute at most, evenly; see `evaluation.engines.base.Throttle`."""

    def __init__(self, budget: Budget, per_minute: float | None) -> None:
        """Keep a pace.

        Args:
            budget: a request that failed is not repeated once it is spent.
            per_minute: requests, repeated ones included; None is no limit.
        """
        self._budget = budget
        self._gap_s = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0

    async def wait(self) -> None:
        """Return when the next request may be sent."""
        now = time.monotonic()
        mine = max(now, self._next)
        self._next = mine + self._gap_s
        if mine > now:
            await asyncio.sleep(mine - now)

    def may_repeat(self, lost: tuple[int, int]) -> bool:
        """Return whether there is something left to pay a further try with."""
        return not self._budget.reached(lost)
