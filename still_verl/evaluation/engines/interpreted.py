"""A code interpreter on another engine: a response stops at a block of Python, gets its output, and goes on.

What is written and read is decided by `still_verl.interpreter`, as in training. Here a response is drawn in parts: each
is a request to the engine, whose prompt has all tokens so far. Programs run while the engine works on other samples.
"""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from still_verl.evaluation.engines.base import Part, PartsEngine, Reply, Request, sample_seed
from still_verl.evaluation.engines.sandboxed import SandboxedEngine
from still_verl.evaluation.prompts import Prompt
from still_verl.interpreter.build import code_of_a_response
from still_verl.interpreter.finish_reason import EMPTY, STOP
from still_verl.interpreter.registries import CODE_FORMATS
from still_verl.interpreter.response import CodeResponse, Piece
from still_verl.interpreter.sandbox.base import Result
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.interpreter.token_text import control_tokens
from still_verl.interpreter.turns import TextBlocks


class Interpreted(SandboxedEngine):
    """An engine whose models run programs in the middle of a response, by the tokens that they write."""

    def __init__(self, engine: PartsEngine, settings: InterpreterConfig, tokenizer: Any, at_once: int) -> None:
        """Put an interpreter on an engine.

        Args:
            engine: answers requests for parts of a response.
            settings: of the interpreter, with a format that marks code in the text.
            tokenizer: of the model.
            at_once: responses that are written at the same time.
        """
        super().__init__(engine, settings, at_once)
        self.tokenizer = tokenizer
        self.controls = frozenset(control_tokens(tokenizer).values())

    def open(self, request: Request) -> "InterpretedResponse":
        """Begin the response to a request."""
        return InterpretedResponse(self, request, self.response(request))

    def response(self, request: Request) -> CodeResponse:
        """Return the response to a request with nothing in it."""
        tokens = list(request.prompt.tokens or ())
        return CodeResponse(self.settings, self.dialogue(), tokens, request.sampling.max_tokens)

    def dialogue(self) -> TextBlocks:
        """Return a dialogue in the format of the settings."""
        code_format = CODE_FORMATS.find(self.settings.format)()
        return TextBlocks(code_format, self.tokenizer, self.settings.run_at_end)

    def record(self, written: "InterpretedResponse") -> Mapping[str, Any] | None:
        """Return what there is to say of a response beyond what every engine says: here nothing."""
        return None

    def text(self, ids: list[int], reason: str) -> str:
        """Return the text of tokens, without the one that ended the response, as engines return it."""
        if reason == STOP and ids and ids[-1] in self.controls:  # not every one is left out below
            ids = ids[:-1]
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text


class InterpretedResponse:
    """A response that is being written, see `in_turn.Writing`.

    Attributes:
        request: what it is the response to.
        response: its tokens and counts.
        outcomes: how each program ended, see `interpreter.tool_stats.OUTCOMES`.
        programs: their code.
        models: names that a server gave to the model that wrote it.
    """

    def __init__(self, interpreted: Interpreted, request: Request, response: CodeResponse) -> None:
        """Begin a response."""
        self.request = request
        self.response = response
        self.outcomes: list[str] = []
        self.programs: list[str] = []
        self.models: set[str] = set()
        self._interpreted = interpreted
        self._session = ExitStack()  # ends the session of its programs
        run_code = code_of_a_response(interpreted.sandbox, interpreted.settings.stateful)
        self._run_code = self._session.enter_context(run_code)
        self._started = time.perf_counter()
        self._parts = 0
        self._note = ""
        response.begin()

    def part(self) -> Request:
        """Return the request for what comes next."""
        buffer = self.response.buffer
        stops = tuple(self.response.stops().get("stop", ()))
        part = Part(stops, is_first=not buffer.ids, number=self._parts)
        # Each part has random numbers of its own, which follow from the sample's.
        seed = sample_seed(self.request.seed, "part", "", self._parts) if self._parts else self.request.seed
        self._parts += 1
        prompt = Prompt(tokens=(*self.response.prompt_ids, *buffer.ids))
        sampling = replace(self.request.sampling, max_tokens=buffer.left)
        return replace(self.request, prompt=prompt, sampling=sampling, seed=seed, part=part)

    async def go_on(self, reply: Reply) -> str:
        """Take in a part and run what it asks for; return why the response ends, nothing if it goes on."""
        self._note = self._note or reply.note
        self.models.add(reply.model)
        piece = Piece(list(reply.token_ids), reply.ended, cut=reply.finish_reason == "length")
        return await self.response.go_on(piece, self._run)

    async def _run(self, code: str) -> tuple[Result, float]:
        result, waited = await self._run_code(code)
        self.outcomes.append(result.kind)
        self.programs.append(code)
        return result, waited

    def reply(self, reason: str) -> Reply:
        """Return a response that has ended as the reply to its request: the model's own text is what counts."""
        response, seconds = self.response, time.perf_counter() - self._started
        if reason == EMPTY:
            return Reply(fault="the engine returned no token although there was room", seconds=seconds)
        text = self._interpreted.text(response.buffer.own, reason)
        response.finish(text)
        return Reply(
            text,
            reason,
            len(response.buffer.own),
            seconds,
            note=self._note,
            transcript=self._interpreted.text(response.buffer.ids, reason),
            tools=response.stats.counts() | {"masked_tokens": response.buffer.mask.count(0)},
            record=self._interpreted.record(self),
        )

    def close(self) -> None:
        """End the session of its programs."""
        self._session.close()
