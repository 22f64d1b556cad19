"""Each reply that was paid for is written down at once, and given again to the same request: nothing is paid twice.

The journal of samples has a response when it is whole. A response of several parts that a kill cut short has its parts
here, in `replies/journal.jsonl`, and goes on behind the last of them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from still_verl.demonstrations.distill.budget import Budget
from still_verl.evaluation.engines.base import Deliver, EngineError, PartsEngine, Reply, Request
from still_verl.evaluation.journal import JOURNAL, Journal, Layout
from still_verl.evaluation.prompts import Prompt
from still_verl.evaluation.typed import kinds_of, typed
from still_verl.monitor.jsonl import line

FOLDER = "replies"
NO_USAGE = (
    "the server does not say how many tokens a reply took (`usage`), so that no budget can be kept; leave out --budget "
    "and --token-budget, or ask another server"
)
_KEPT = ("text", "finish_reason", "tokens", "fault", "note", "ended", "prompt_tokens", "model")


@dataclass(frozen=True)
class PaidReply:
    """One reply in the journal.

    Attributes:
        benchmark, problem, index, part: what it is the reply to.
        prompt: a checksum of what was asked.
        again: whether it is of no use, so that the same is asked again; its tokens count.
        asked, written: tokens that it took, with those of tries that failed; None if the server did not say.
        reply: what `Reply` has.
    """

    benchmark: str
    problem: str
    index: int
    part: int
    prompt: str
    again: bool
    asked: int | None
    written: int | None
    reply: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, int, int, str, bool]:
        """What tells it from others: what was asked too, as a program may print something else another time."""
        return self.benchmark, self.problem, self.index, self.part, self.prompt, self.again


_KINDS = kinds_of(PaidReply)
_REPLY_KINDS = {**kinds_of(Reply), "token_ids": (list,)}


def _read(entry: dict[str, Any]) -> PaidReply:
    found = PaidReply(**typed(entry, _KINDS))
    if "text" not in found.reply:
        raise ValueError("the reply has no text, not even None")
    _reply_of(found)  # raises where it is none
    return found


def _line(entry: PaidReply) -> bytes:
    return line(vars(entry))


REPLIES: Layout[PaidReply] = Layout(_line, _read)


class PaidEngine:
    """An engine that is asked nothing twice, and nothing when the budget is spent.

    Attributes:
        stopped: the limit that ended the run; empty where none did.
    """

    takes_parts = True

    def __init__(self, engine: PartsEngine, folder: Path, budget: Budget) -> None:
        """Put a journal and a budget on an engine.

        Args:
            engine: answers what was not answered before.
            folder: of the run.
            budget: counts what is spent.
        """
        self._engine = engine
        self._folder = folder / FOLDER
        self._budget = budget
        self._damaged = 0
        self.stopped = ""

    def identity(self) -> Mapping[str, Any]:
        """Return the engine's identity: what is spent changes no sample."""
        return self._engine.identity()

    def notes(self) -> list[str]:
        """Return the engine's notes, and why the run stopped early."""
        notes = [*self._engine.notes()]
        if self._damaged:
            notes.append(f"damaged lines of {FOLDER}/{JOURNAL}, whose tokens no budget counts: {self._damaged}")
        return [*notes, self.stopped] if self.stopped else notes

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def generate(self, requests: Iterable[Request | None], deliver: Deliver) -> None:
        """Answer all requests, see `base.PartsEngine`; some stay without a reply when the budget is spent.

        Raises:
            EngineError: the engine cannot go on, or does not say what a reply took although there is a budget.
            ConfigError: another process writes the journal.
        """
        journal = Journal(self._folder, REPLIES, self._count)
        self._damaged = journal.repaired
        try:
            answering = _Answering(journal, self._budget, deliver)
            self._engine.generate(answering.unanswered(requests), answering.take)
            self.stopped = answering.stopped
        finally:
            journal.close()

    def _count(self, entry: PaidReply) -> None:
        self._budget.add(entry.asked, entry.written)


class _Answering:
    """One call of `generate`."""

    def __init__(self, journal: Journal[PaidReply], budget: Budget, deliver: Deliver) -> None:
        self._journal = journal
        self._budget = budget
        self._deliver = deliver
        self.stopped = ""

    def unanswered(self, requests: Iterable[Request | None]) -> Iterator[Request | None]:
        """Yield what is to be asked; what has a reply gets it at once."""
        for request in requests:
            if request is None:
                yield None
                continue
            key = (*request.key, _part(request), checksum(request.prompt), False)
            if key in self._journal:
                self._deliver(request, _reply_of(self._journal.read(key)))
                continue
            self.stopped = self._budget.reached()
            if self.stopped:
                return
            yield request

    def take(self, request: Request, reply: Reply) -> None:
        """Write a reply down, count it, and hand it on."""
        was_answered = not reply.fault or reply.tokens is not None
        if was_answered or any(reply.lost):
            entry = _entry(request, reply, again=not was_answered)
            self._journal.add(entry)
            self._budget.add(entry.asked, entry.written)
            if self._budget.has_limit and self._budget.unknown:
                raise EngineError(NO_USAGE)
        self._deliver(request, reply)


def checksum(prompt: Prompt) -> str:
    """Return what changes with anything that is asked."""
    asked = json.dumps([prompt.messages, prompt.text, prompt.tokens])
    return hashlib.sha256(asked.encode()).hexdigest()


def _part(request: Request) -> int:
    return request.part.number if request.part else 0


def _entry(request: Request, reply: Reply, again: bool) -> PaidReply:
    asked, written = reply.prompt_tokens, reply.tokens
    if again:
        asked, written = 0, 0
    saved = {name: getattr(reply, name) for name in _KEPT} | {"token_ids": list(reply.token_ids)}
    return PaidReply(
        *request.key,
        part=_part(request),
        prompt=checksum(request.prompt),
        again=again,
        asked=None if asked is None else asked + reply.lost[0],
        written=None if written is None else written + reply.lost[1],
        reply=saved,
    )


def _reply_of(entry: PaidReply) -> Reply:
    saved = typed(entry.reply, _REPLY_KINDS)
    return Reply(token_ids=tuple(saved.pop("token_ids", ())), **saved)
