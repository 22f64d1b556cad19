"""Says in which part of a step a run is stuck, and ends a run that would be stuck there for ever.

`watchdog` looks while a run waits for responses: verl polls then. In the other parts of a step the trainer stands in
one call to its workers, so a thread looks.
"""

import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from still_verl.monitor.settings import GuardConfig
from still_verl.monitor.watchdog import StalledRun

SIGNAL = signal.SIGUSR2  # Ray blocks SIGINT in its workers, where a trainer runs
GRACE_S = 60.0  # from the interrupt of the main thread to the end of the process, if it does not react
LOOKS = 20  # of the thread within the shortest time that it waits for
LONGEST_LOOK_S = 10.0


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _interrupt() -> None:
    """Raise KeyboardInterrupt in the main thread; a signal ends its waiting for a lock or a descriptor, too."""
    signal.pthread_kill(threading.main_thread().ident or 0, SIGNAL)


class StuckWatch:
    """Watches one part of a step at a time, in the main thread of the process that it ends.

    Attributes:
        settings: the node `still.guard`: `say_seconds` until it is said, `wait_seconds` until the run ends.
        say: writes a line to the log.
        interrupt: makes the main thread raise KeyboardInterrupt.
        leave: ends the process if the main thread does not.
    """

    def __init__(
        self,
        settings: GuardConfig,
        say: Callable[[str], None] = _print,
        interrupt: Callable[[], None] = _interrupt,
        leave: Callable[[int], None] = os._exit,
    ) -> None:
        self.settings, self.say, self.interrupt, self.leave = settings, say, interrupt, leave
        self._shortest = min(settings.say_seconds, settings.wait_seconds or settings.say_seconds)
        self._watching = False

    @contextmanager
    def part(self, name: str, step: int) -> Iterator[None]:
        """Watch what runs inside; a part within a part belongs to the outer one.

        Args:
            name: of the part, such as "the update of the actor".

        Raises:
            StalledRun: it has taken `wait_seconds`.
        """
        if self._watching:
            yield
            return
        ended, interrupted = threading.Event(), threading.Event()
        what = f"{name} of step {step}"
        watching = threading.Thread(
            target=self._watch, args=(what, ended, interrupted), name=f"stuck-{name}", daemon=True
        )
        self._watching = True
        handler = signal.signal(SIGNAL, signal.default_int_handler)
        watching.start()
        try:
            yield
        except KeyboardInterrupt:
            if not interrupted.is_set():
                raise
            raise StalledRun(self._message(what, self.settings.wait_seconds)) from None
        finally:
            self._watching = False
            ended.set()
            watching.join()
            signal.signal(SIGNAL, handler)

    def _watch(self, what: str, ended: threading.Event, interrupted: threading.Event) -> None:
        began, said = time.monotonic(), 0.0
        limit = self.settings.wait_seconds
        while not ended.wait(min(self._shortest / LOOKS, LONGEST_LOOK_S)):
            seconds = time.monotonic() - began
            if limit and seconds >= limit:
                interrupted.set()
                self.interrupt()
                if not ended.wait(GRACE_S):
                    self._give_up(what, seconds)
                return
            if seconds >= self.settings.say_seconds and seconds >= 2 * said:  # again each time that it has doubled
                said = seconds
                self.say(f"still_verl: {what} has taken {seconds:.0f} s so far; its workers have not answered yet")

    def _give_up(self, what: str, seconds: float) -> None:
        self.say(f"{self._message(what, seconds)}; the process does not react to an interrupt, so it ends here:")
        faulthandler.dump_traceback(file=sys.__stderr__ or 2)
        self.leave(1)

    def _message(self, what: str, seconds: float) -> str:
        return (
            f"still_verl: {what} has taken {seconds:.0f} s, and its workers have not answered "
            f"(still.guard.wait_seconds={self.settings.wait_seconds:g})"
        )
