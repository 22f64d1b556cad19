"""A thinking budget: thoughts that are too long are cut, and the model is made to answer.

The response is first drawn with the budget as its limit. If it was cut within the thoughts, they are closed, the answer
is begun, and the model continues from there, with the same seed. If it was cut behind them, it just goes on. Source:
"s1: Simple test-time scaling" (arXiv 2501.19393).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from still_verl.evaluation.engines.base import Deliver, Engine, Key, Reply, Request
from still_verl.evaluation.prompts import Prompt

CLOSE = "\n</think>\n\nThe final answer is \\boxed{"
ANSWER_TOKENS = 256  # at most, for the answer that is forced

Tokenize = Callable[[str], list[int]]


class Budgeted:
    """An engine whose models think for so many tokens at most. Everything else is the engine's own."""

    def __init__(self, engine: Engine, budget: int, tokenize: Tokenize | None = None) -> None:
        """Put a budget on an engine.

        Args:
            engine: answers prompts that are text or tokens: a chat cannot be continued.
            budget: tokens of the thoughts.
            tokenize: makes token ids of a text, for prompts of tokens.
        """
        self._engine = engine
        self._budget = budget
        self._tokenize = tokenize

    def identity(self) -> Mapping[str, Any]:
        """Return the engine's identity with the budget, which changes samples."""
        return {**self._engine.identity(), "think_budget": self._budget}

    def notes(self) -> list[str]:
        """Return the engine's notes."""
        return self._engine.notes()

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def generate(self, requests: Iterable[Request], deliver: Deliver) -> None:
        """Answer all requests, see `base.Engine`. What was cut is continued as soon as the engine has room."""
        cut: deque[Request] = deque()
        whole: dict[Key, Request] = {}  # those that an engine works on
        thoughts: dict[Key, Reply] = {}

        def on_reply(asked: Request, reply: Reply) -> None:
            request = whole[asked.key]
            if request.key not in thoughts and self._is_cut(request, reply):
                thoughts[request.key] = reply
                cut.append(self._continued(request, reply))
                return
            if request.key in thoughts:
                reply = _joined(thoughts.pop(request.key), reply)
            del whole[request.key]
            deliver(request, reply)

        def waiting() -> Iterator[Request]:
            for request in requests:
                yield from _emptied(cut)
                whole[request.key] = request
                yield self._limited(request)

        self._engine.generate(waiting(), on_reply)
        while cut:
            self._engine.generate(_emptied(cut), on_reply)

    def _limited(self, request: Request) -> Request:
        limit = min(request.sampling.max_tokens, self._budget)
        return replace(request, sampling=replace(request.sampling, max_tokens=limit))

    def _is_cut(self, request: Request, reply: Reply) -> bool:
        """Whether the budget ended a response: not a server that allows less, and not the limit of the run."""
        if reply.fault or reply.note or reply.finish_reason != "length":
            return False
        return self._budget < request.sampling.max_tokens or not _has_thought(reply)

    def _continued(self, request: Request, reply: Reply) -> Request:
        """The request that goes on behind the thoughts of a reply."""
        written = _before_answer(reply)
        prompt = request.prompt
        text = f"{prompt.text or ''}{written}"
        tokens = None
        if prompt.tokens is not None and self._tokenize is not None:
            tokens = (*prompt.tokens, *self._tokenize(written))
        left = request.sampling.max_tokens - self._budget
        sampling = replace(request.sampling, max_tokens=left if _has_thought(reply) else ANSWER_TOKENS)
        return replace(request, prompt=Prompt(text=text, tokens=tokens), sampling=sampling)


def _emptied(waiting: deque[Request]) -> Iterator[Request]:
    while waiting:
        yield waiting.popleft()


def _has_thought(reply: Reply) -> bool:
    """Whether the thoughts are over."""
    return "</think>" in (reply.text or "")


def _before_answer(reply: Reply) -> str:
    """What stands before the second half of a response."""
    if _has_thought(reply):
        return reply.text or ""
    return f"{reply.text}{CLOSE}"


def _joined(thoughts: Reply, answer: Reply) -> Reply:
    """The response as a whole; a fault of the second half is one of the whole."""
    if answer.fault:
        return answer
    tokens = None
    if thoughts.tokens is not None and answer.tokens is not None:
        tokens = thoughts.tokens + answer.tokens
    seconds = (thoughts.seconds or 0.0) + (answer.seconds or 0.0)
    text = f"{_before_answer(thoughts)}{answer.text}"
    forced = not _has_thought(thoughts)
    return Reply(text, answer.finish_reason, tokens, seconds, note=answer.note, forced=forced)
