"""Whether two answers are equal, and why."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from still_verl.rewards.equivalence import clock, identity, pool
from still_verl.rewards.equivalence.cost import caller_seconds, cost
from still_verl.rewards.equivalence.decide import decide
from still_verl.rewards.equivalence.normalize import compact, normalize
from still_verl.rewards.equivalence.read.splitting import bracket_depth
from still_verl.rewards.equivalence.reading import READINGS, Reading
from still_verl.rewards.gold import UnreadableGold, read_gold

MAX_ANSWER_LENGTH = 4000  # characters; nothing longer is an answer
MAX_BRACKET_DEPTH = 40  # parsers of LaTeX need exponential time or the whole stack for more
CACHE_SIZE = 65_536
OUT_OF_TIME = "out of time"
UNREADABLE = "unreadable gold"  # the reason of a verdict on a right answer that `read_gold` refuses
_FINAL = ("too large", UNREADABLE)  # a worker would know no more


@dataclass(frozen=True)
class Verdict:
    """What `verify` found.

    Attributes:
        equal: whether the answer is right. The verdict is true when it is.
        reason: the rule that decided, or the obstacle.
        decided: False when no step could decide; then `equal` is False.
        reading: how generously the two were compared, see `reading`.
    """

    equal: bool
    reason: str
    decided: bool = True
    reading: Reading = "strict"

    def __bool__(self) -> bool:
        return self.equal


Key = tuple[str, str, Reading]


class SingleFlight:
    """A bounded cache in which threads that ask for the same pair at the same time share one computation."""

    def __init__(self, size: int) -> None:
        """Keep the last `size` verdicts."""
        self._size = size
        self._lock = threading.Lock()
        self._verdicts: dict[Key, Verdict] = {}  # read without the lock, for most answers of a group come again
        self._futures: dict[Key, Future[Verdict]] = {}  # what some thread computes now

    def get(self, key: Key, compute: Callable[[str, str, Reading], Verdict]) -> Verdict:
        """Return the verdict of `key`, computed by the first thread that asks.

        Raises:
            BaseException: what `compute` raised, in every thread that waits for it; it is not kept.
        """
        known = self._verdicts.get(key)
        if known is not None:
            return known
        with self._lock:
            known = self._verdicts.get(key)
            if known is not None:
                return known
            future = self._futures.get(key)
            is_first = future is None
            if future is None:
                future = self._futures[key] = Future()
        if is_first:
            self._compute(key, compute, future)
        return future.result()

    def _compute(self, key: Key, compute: Callable[[str, str, Reading], Verdict], future: Future[Verdict]) -> None:
        """Fulfil `future`, and keep the verdict in its place."""
        try:
            verdict = compute(*key)
        except BaseException as error:
            with self._lock:
                del self._futures[key]
            future.set_exception(error)
            return
        with self._lock:
            self._verdicts[key] = verdict
            if len(self._verdicts) > self._size:
                del self._verdicts[next(iter(self._verdicts))]
            del self._futures[key]
        future.set_result(verdict)


_cache = SingleFlight(CACHE_SIZE)


def forget() -> None:
    """Empty the cache of verdicts. Also done in a forked child: the threads that compute verdicts do not run there."""
    global _cache
    _cache = SingleFlight(CACHE_SIZE)


os.register_at_fork(after_in_child=forget)


def verify(gold: Any, answer: str, reading: Reading = "strict") -> Verdict:
    r"""Say whether `answer` equals `gold`, both in LaTeX or plain text, the answer without `\boxed`.

    Never raises on an answer: what cannot be decided counts as not equal, with the reason. Blocks for some seconds at
    most; safe in any number of threads.

    Args:
        gold: the right answer, or several alternatives, in any form that `gold.read_gold` reads. The verdict is that of
            the first alternative that is met, else that of the first of all.
        answer: the answer to judge.
        reading: how generously they are compared.

    Raises:
        Unavailable: the worker processes cannot start, so that nothing could be graded from here on.
        ValueError: `reading` is none of `READINGS`.

    Example:
        >>> verify(r"(-\infty, -5)", "k < -5")
        Verdict(equal=True, reason='region', decided=True, reading='strict')
        >>> verify("5 cm", "5 m").equal, verify("3", "((9!)!)!").decided, verify(["3", "4"], "4").equal
        (False, False, True)
    """
    if reading not in READINGS:
        raise ValueError(f"reading={reading!r} is not one of {', '.join(READINGS)}")
    try:
        alternatives = read_gold(gold)
    except UnreadableGold:
        return Verdict(False, UNREADABLE, decided=False, reading=reading)
    verdicts = [_verify_one(alternative, answer.strip(), reading) for alternative in alternatives]
    return next(filter(None, verdicts), verdicts[0])


def _verify_one(gold: str, answer: str, reading: Reading) -> Verdict:
    obstacle = ""
    if not answer:
        obstacle = "no answer"
    elif len(answer) > MAX_ANSWER_LENGTH or len(gold) > MAX_ANSWER_LENGTH:
        obstacle = "too long"
    if obstacle:
        return Verdict(False, obstacle, decided=False, reading=reading)
    return _cache.get((gold, answer, reading), _guarded)


def _guarded(gold: str, answer: str, reading: Reading) -> Verdict:
    """A mistake of ours must not end somebody's training: it costs the point, and its name is in the reason."""
    if bracket_depth(answer) > MAX_BRACKET_DEPTH:
        return Verdict(False, "nested too deeply", decided=False, reading=reading)
    try:
        equal, reason = _decide(gold, answer, reading)
        if reading == "lenient" and not equal:  # it accepts whatever the strict one does
            accepted, why = _decide(gold, answer, "strict")
            equal, reason = (True, why) if accepted else (equal, reason)
    except pool.Unavailable:  # a broken installation is no answer: nothing could be graded from here on
        raise
    except Exception as error:
        equal, reason = None, f"internal error ({type(error).__name__}: {error})"
    return Verdict(bool(equal), reason, decided=equal is not None, reading=reading)


def _decide(gold: str, answer: str, reading: Reading) -> tuple[bool | None, str]:
    """The truth, None when nothing could tell; and what decided or stood in the way."""
    equal, reason = in_caller(gold, answer, reading)
    if equal is not None or reason in _FINAL:
        return equal, reason
    looks = cost(answer)
    if looks == "light" and reason == OUT_OF_TIME:
        looks = "heavy"
    reply = pool.shared().ask(gold, answer, looks, reading)
    return reply.equal, reply.reason


def in_caller(gold: str, answer: str, reading: Reading) -> tuple[bool | None, str]:
    """Decide without a worker, in some milliseconds of this thread's processor time.

    Returns:
        The truth, None when only a worker may tell; and what decided or stood in the way.
    """
    wanted = compact(normalize(gold))
    if not wanted:  # nothing would be equal to it but another nothing
        return None, UNREADABLE
    if gold == answer:
        return True, "exact"
    if wanted == compact(normalize(answer)):
        return True, "normalised"
    identity.prepare()
    try:
        with clock.limited(caller_seconds(cost(answer))):
            return decide(gold, answer, reading)
    except clock.OutOfTime:
        return None, OUT_OF_TIME
