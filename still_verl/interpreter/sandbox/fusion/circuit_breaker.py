"""A circuit breaker: a service that failed several times in a row is not called for a while."""

import time
from collections.abc import Callable


class Breaker:
    """Opens after some failures in a row. Then one call at a time is let through, a pause after the one before.

    Not for two threads: its calls belong to one event loop.
    """

    def __init__(self, failures: int = 5, pause: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Close the circuit.

        Args:
            failures: in a row, which open it.
            pause: seconds until the next trial.
            clock: seconds that only grow.
        """
        self.failures = failures
        self.pause = pause
        self._clock = clock
        self._in_a_row = 0
        self._next_trial = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are refused, but for a trial from time to time."""
        return self._in_a_row >= self.failures

    def admits(self) -> bool:
        """Return whether a call may be made now.

        A trial that nobody finishes is followed by the next one after a pause.
        """
        if not self.is_open:
            return True
        now = self._clock()
        if now < self._next_trial:
            return False
        self._next_trial = now + self.pause
        return True

    def succeeded(self) -> None:
        """Count a success, which closes it."""
        self._in_a_row = 0

    def failed(self) -> bool:
        """Count a failure; return whether it is the one that opens the breaker."""
        self._in_a_row += 1
        if self._in_a_row >= self.failures:
            self._next_trial = self._clock() + self.pause
        return self._in_a_row == self.failures
