"""A code interpreter on another engine: a response stops at a block of Python, gets its output, and goes on.

What is written and read is decided by `still_verl.interpreter`, as in training. Here a response is drawn in parts: each
is a request to the engine, whose prompt has all tokens so far. Programs run while the engine works on other samples.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from still_verl.evaluation.engines.base import (
    Deliver,
    EngineError,
    Key,
    Part,
    PartsEngine,
    Reply,
    Request,
    sample_seed,
)
from still_verl.evaluation.prompts import Prompt
from still_verl.interpreter.build import RunCode, build_async_sandbox, code_of_a_response
from still_verl.interpreter.finish_reason import EMPTY, STOP
from still_verl.interpreter.registries import CODE_FORMATS
from still_verl.interpreter.response import CodeResponse, Piece
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.interpreter.token_text import control_tokens
from still_verl.interpreter.turns import TextBlocks
from still_verl.registry import in_one_line

# What changes how fast programs run, and not what they say.
OF_THE_MACHINE = ("url", "max_concurrent", "total_memory_mb")


class Interpreted:
    """An engine whose models run programs in the middle of a response. Everything else is the engine's own."""

    def __init__(self, engine: PartsEngine, settings: InterpreterConfig, tokenizer: Any, at_once: int) -> None:
        """Put an interpreter on an engine.

        Args:
            engine: answers requests for parts of a response.
            settings: of the interpreter, with a format that marks code in the text.
            tokenizer: of the model.
            at_once: responses that are written at the same time.
        """
        self._engine = engine
        self._settings = settings
        self._tokenizer = tokenizer
        self.at_once = at_once
        self._sandbox = build_async_sandbox(settings)
        self._controls = frozenset(control_tokens(tokenizer).values())

    def identity(self) -> Mapping[str, Any]:
        """Return the engine's identity with the settings that change what programs say."""
        settings = vars(self._settings).copy()
        for name in OF_THE_MACHINE:
            del settings[name]
        return {**self._engine.identity(), "code": settings}

    def notes(self) -> list[str]:
        """Return the engine's notes."""
        return self._engine.notes()

    def close(self) -> None:
        """Close the engine and the sandbox."""
        self._engine.close()
        self._sandbox.close()

    def generate(self, requests: Iterable[Request], deliver: Deliver) -> None:
        """Answer all requests, see `base.Engine`.

        Raises:
            EngineError: the engine cannot go on, or no program can run.
        """
        with ExitStack() as stack:
            # Coroutines of the interpreter run in a thread of their own, so that the engine never waits for a program.
            portal = stack.enter_context(start_blocking_portal())
            writing = _Writing(self, portal, deliver)
            stack.callback(writing.close)
            self._engine.generate(writing.parts(iter(requests)), writing.take)

    def open(self, request: Request) -> "_Open":
        """Begin the response to a request."""
        dialogue = TextBlocks(CODE_FORMATS.find(self._settings.format)(), self._tokenizer, self._settings.run_at_end)
        tokens = list(request.prompt.tokens or ())
        response = CodeResponse(self._settings, dialogue, tokens, request.sampling.max_tokens)
        response.begin()
        session = ExitStack()
        run_code = session.enter_context(code_of_a_response(self._sandbox, self._settings.stateful))
        return _Open(request, response, run_code, session)

    def reply(self, written: "_Open", reason: str) -> Reply:
        """Return a response that has ended as the reply to its request: the model's own text is what counts."""
        response, seconds = written.response, time.perf_counter() - written.started
        if reason == EMPTY:
            return Reply(fault="the engine returned no token although there was room", seconds=seconds)
        text = self._text(response.buffer.own, reason)
        response.finish(text)
        return Reply(
            text,
            reason,
            len(response.buffer.own),
            seconds,
            note=written.note,
            transcript=self._text(response.buffer.ids, reason),
            tools=response.stats.counts() | {"masked_tokens": response.buffer.mask.count(0)},
        )

    def _text(self, ids: list[int], reason: str) -> str:
        """The text of tokens, without the one that ended the response, as engines return it."""
        if reason == STOP and ids and ids[-1] in self._controls:  # not every one is left out below
            ids = ids[:-1]
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text


@dataclass
class _Open:
    """A response that is being written."""

    request: Request
    response: CodeResponse
    run_code: RunCode
    session: ExitStack  # ends the session of its programs
    started: float = field(default_factory=time.perf_counter)
    parts: int = 0
    note: str = ""

    def part(self) -> Request:
        """Return the request for what comes next."""
        buffer = self.response.buffer
        stops = tuple(self.response.stops().get("stop", ()))
        part = Part(stops, is_first=not buffer.ids)
        # Each part has random numbers of its own, which follow from the sample's.
        seed = sample_seed(self.request.seed, "part", "", self.parts) if self.parts else self.request.seed
        self.parts += 1
        prompt = Prompt(tokens=(*self.response.prompt_ids, *buffer.ids))
        sampling = replace(self.request.sampling, max_tokens=buffer.left)
        return replace(self.request, prompt=prompt, sampling=sampling, seed=seed, part=part)


class _Writing:
    """The responses that are being written. All but `go_on` of a response runs in the engine's thread."""

    def __init__(self, interpreted: Interpreted, portal: BlockingPortal, deliver: Deliver) -> None:
        self._interpreted = interpreted
        self._portal = portal
        self._deliver = deliver
        self._open: dict[Key, _Open] = {}
        self._read: SimpleQueue[tuple[_Open, Future[str]]] = SimpleQueue()

    def parts(self, waiting: Iterator[Request]) -> Iterator[Request | None]:
        """Yield what to ask the engine for: first what goes on; None where all responses wait for something."""
        while True:
            yield from self._continued()
            request = None
            if len(self._open) < self._interpreted.at_once:
                request = next(waiting, None)
            if request is not None:
                self._open[request.key] = self._interpreted.open(request)
                yield self._open[request.key].part()
            elif self._open:
                yield None
            else:
                return

    def take(self, asked: Request, reply: Reply) -> None:
        """Let a response take in what the engine wrote, and run what it asks for."""
        written = self._open[asked.key]
        if reply.fault:
            self._finish(written, reply)
            return
        written.note = written.note or reply.note
        piece = Piece(list(reply.token_ids), reply.ended, cut=reply.finish_reason == "length")
        future = self._portal.start_task_soon(written.response.go_on, piece, written.run_code)
        future.add_done_callback(lambda done: self._read.put((written, done)))

    def close(self) -> None:
        """End the sessions of responses that will not go on."""
        for written in self._open.values():
            written.session.close()

    def _continued(self) -> Iterator[Request]:
        """Deliver each response that has ended, and yield the next part of each that goes on."""
        while True:
            try:
                written, done = self._read.get_nowait()
            except Empty:
                return
            try:
                reason = done.result()
            except Exception as error:  # of a sandbox or a format; it is the same for every sample
                raise EngineError(f"the code interpreter failed: {in_one_line(error)}") from error
            if reason:
                self._finish(written, self._interpreted.reply(written, reason))
            else:
                yield written.part()

    def _finish(self, written: _Open, reply: Reply) -> None:
        written.session.close()
        del self._open[written.request.key]
        self._deliver(written.request, reply)
