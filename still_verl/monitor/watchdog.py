"""Says what a run waits for, and ends a run that would wait for ever or whose responses all fail."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from still_verl.monitor.settings import GuardConfig

NEW_WAIT = (
    30.0  # seconds between two looks after which a new wait has begun: in between the run has done something else
)
NAMED = 5  # prompts that a message names
NO_CAUSE = "no error was reported; look for 'Error in _run_prompt' above"


class StalledRun(RuntimeError):
    """A run that cannot go on; the message says what it waited for, and the first or the last error."""


@dataclass(frozen=True)
class Prompts:
    """The prompts that a run has sent and not yet learned from, by their uid.

    Attributes:
        pending: sent, and not yet begun.
        running: of which some response is still to come.
        finished: of which no response is to come, and some are there.
        failed: of which no response is to come, and none is there: each failed.
        partly: those of `finished` of which a response failed.
        responses: how many responses of all of these are there.
    """

    pending: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()
    finished: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    partly: frozenset[str] = frozenset()
    responses: int = 0


@dataclass
class Watchdog:
    """Looks at the prompts of a run each time that the trainer does, while it waits.

    Attributes:
        settings: the node `still.guard`.
        errors: returns what failed of each prompt, by uid; asked only when some have failed.
        clock: returns seconds.
    """

    settings: GuardConfig
    errors: Callable[[], Mapping[str, str]]
    clock: Callable[[], float] = time.monotonic
    failed_in_a_row: int = 0
    first_error: str = ""
    last_error: str = ""
    _since: dict[str, float] = field(default_factory=dict)  # when each prompt was first seen waiting
    _counted: set[str] = field(default_factory=set)  # prompts that have finished or failed
    _looked: float | None = None
    _progress: float = 0.0
    _responses: int = 0
    _said: float = 0.0  # seconds without progress that were said

    def look(self, prompts: Prompts, all_failed: bool = False) -> str:
        """Take in the prompts as they are now.

        Args:
            all_failed: whether all that the run waits for did, so that it would go on with nothing.

        Returns:
            What to log; nothing most of the time.

        Raises:
            StalledRun: too many prompts in a row failed, or all that the run waits for; nothing has finished for too
                long.
        """
        now = self.clock()
        self._note_progress(prompts, now)
        self._count(prompts)
        if self.failed_in_a_row >= self.settings.errors_in_a_row:
            raise StalledRun(self._failures(f"{self.failed_in_a_row} prompts in a row failed"))
        if all_failed:
            raise StalledRun(self._failures("all prompts that the run waited for failed"))
        seconds = now - self._progress
        waiting = prompts.pending | prompts.running
        if not waiting or seconds < min(self.settings.say_seconds, self.settings.wait_seconds or seconds):
            return ""
        said = self._waits(prompts, seconds, now)
        if self.settings.wait_seconds and seconds >= self.settings.wait_seconds:
            raise StalledRun(f"still_verl: {said} (still.guard.wait_seconds={self.settings.wait_seconds:g})")
        if seconds < 2 * self._said:  # said already; again each time that it has doubled
            return ""
        self._said = seconds
        return f"still_verl: {said}"

    def _note_progress(self, prompts: Prompts, now: float) -> None:
        """A response that came, a prompt that ended, and a new wait are progress."""
        waiting = prompts.pending | prompts.running
        ended = prompts.finished | prompts.failed
        new_wait = self._looked is None or now - self._looked > NEW_WAIT
        if new_wait or prompts.responses != self._responses or not ended <= self._counted:
            self._progress, self._said = now, 0.0
        self._looked, self._responses = now, prompts.responses
        self._since = {uid: self._since.get(uid, now) for uid in waiting}

    def _count(self, prompts: Prompts) -> None:
        """Count the prompts that failed since one had a response."""
        new = (prompts.finished | prompts.failed) - self._counted
        self._counted = set(prompts.finished | prompts.failed)
        if new & prompts.finished:
            self.failed_in_a_row, self.first_error = 0, ""
        failed = sorted(new & prompts.failed)
        self.failed_in_a_row += len(failed)
        if not failed and not new & prompts.partly:
            return
        errors = self.errors()
        causes = [errors[uid] for uid in [*sorted(new & prompts.partly), *failed] if uid in errors]
        if causes:
            self.last_error = causes[-1]
        if failed and not self.first_error:
            self.first_error = errors.get(failed[0], "")

    def _failures(self, what: str) -> str:
        return (
            f"still_verl: {what} (still.guard.errors_in_a_row={self.settings.errors_in_a_row}); the first: "
            f"{self.first_error or NO_CAUSE}"
        )

    def _waits(self, prompts: Prompts, seconds: float, now: float) -> str:
        """Say what is being waited for: how many prompts, the oldest of them, and the last error."""
        oldest = [uid for _, uid in sorted((since, uid) for uid, since in self._since.items())]
        named = [f"{uid} ({now - self._since[uid]:.0f} s)" for uid in oldest[:NAMED]]
        if len(oldest) > NAMED:
            named.append(f"{len(oldest) - NAMED} more")
        return (
            f"nothing has come for {seconds:.0f} s: waiting for {len(prompts.running)} running and "
            f"{len(prompts.pending)} pending prompts, {', '.join(named)}; {len(prompts.finished)} have finished, "
            f"{len(prompts.failed)} failed; the last error: {self.last_error or 'none'}"
        )
