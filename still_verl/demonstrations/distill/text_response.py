"""A teacher behind an interface of text, such as a service's chat: it writes up to a program, and is asked again behind
the program's output.

What it wrote past a program was written without the program's output, and is dropped. In a chat the output is the next
message of the user; a text just goes on.
"""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from still_verl.demonstrations.distill.own_outputs import OutputMark, Written, read_text
from still_verl.demonstrations.distill.record import OWN_OUTPUT, record_of
from still_verl.evaluation.engines.base import Part, Reply, Request, sample_seed
from still_verl.evaluation.engines.sandboxed import SandboxedEngine
from still_verl.evaluation.prompts import Prompt
from still_verl.interpreter.build import code_of_a_response
from still_verl.interpreter.finish_reason import LENGTH, STOP
from still_verl.interpreter.registries import CODE_FORMATS
from still_verl.interpreter.response import as_output
from still_verl.interpreter.tool_stats import ToolStats

THOUGHTS, ANSWER = "<think>", "</think>"


class TextDemonstrations(SandboxedEngine):
    """An engine whose teacher runs programs, asked by chat or by text."""

    def identity(self) -> Mapping[str, Any]:
        """Return the engine's identity; responses by text are others than those by tokens."""
        return {**super().identity(), "responses": "text"}

    def open(self, request: Request) -> "TextResponse":
        """Begin the response to a request."""
        return TextResponse(self, request)


class TextResponse:
    """A response that is being written, see `evaluation.engines.in_turn.Writing`.

    Attributes:
        request: what it is the response to.
    """

    def __init__(self, demonstrations: TextDemonstrations, request: Request) -> None:
        """Begin a response."""
        self.request = request
        self._settings = demonstrations.settings
        self._format = CODE_FORMATS.find(self._settings.format)()
        self._mark = OutputMark(self._format)
        self._session = ExitStack()
        run_code = code_of_a_response(demonstrations.sandbox, self._settings.stateful)
        self._run_code = self._session.enter_context(run_code)
        self._turns: list[tuple[str, str]] = []  # what the teacher wrote, and the output that it got
        self._last = ""  # what it wrote since then
        self._stats = ToolStats()
        self._interpreting = True
        self._tokens = 0
        self._started = time.perf_counter()
        self._parts = self._own_outputs = self._written_past = 0
        self._note = ""
        self._models: set[str] = set()
        self._outcomes: list[str] = []
        self._programs: list[str] = []

    def part(self) -> Request:
        """Return the request for what comes next."""
        part = Part(is_first=not self._parts, number=self._parts, exact=False)
        seed = sample_seed(self.request.seed, "part", "", self._parts) if self._parts else self.request.seed
        self._parts += 1
        sampling = replace(self.request.sampling, max_tokens=self._left)
        return replace(self.request, prompt=self._prompt(), sampling=sampling, seed=seed, part=part)

    @property
    def _left(self) -> int:
        return self.request.sampling.max_tokens - self._tokens

    def _prompt(self) -> Prompt:
        prompt = self.request.prompt
        if not prompt.messages:
            return Prompt(text=f"{prompt.text or ''}{self._transcript()}")
        messages = list(prompt.messages)
        for written, output in self._turns:
            messages += [("assistant", written), ("user", output)]
        return Prompt(tuple(messages))

    async def go_on(self, reply: Reply) -> str:
        """Take in a part and run what it asks for; return why the response ends, nothing if it goes on."""
        self._note = self._note or reply.note
        self._models.add(reply.model)
        self._tokens += reply.tokens or 0
        text = self._continued(reply.text or "")
        found = read_text(self._format, self._mark, text) if self._interpreting else Written(text)
        self._own_outputs += found.own_output
        self._written_past += found.dropped
        self._last = found.text
        if found.code is not None:
            await self._answer(found, found.code)
            return "" if self._left > 0 else LENGTH
        if found.own_output:
            return OWN_OUTPUT
        return LENGTH if reply.finish_reason == LENGTH else STOP

    def _continued(self, text: str) -> str:
        """What a reply adds: thoughts that are open go on, and are not begun again."""
        written = self._own()
        if text.startswith(THOUGHTS) and written.count(THOUGHTS) > written.count(ANSWER):
            return text[len(THOUGHTS) :]
        return text

    async def _answer(self, found: Written, code: str) -> None:
        cap = self._settings.cap(self._stats.answered, self._stats.seconds)
        if cap:
            self._stats.cap_reached, self._interpreting = 1, False
            said = cap
        else:
            result, waited = await self._run_code(code)
            self._stats.add(result, waited)
            self._outcomes.append(result.kind)
            self._programs.append(code)
            said = as_output(result)
        output = self._format.output(said)
        if found.open_line:
            output = f"\n{output}"
        self._turns.append((found.text, output))
        self._last = ""

    def _own(self) -> str:
        return "".join(written for written, _ in self._turns) + self._last

    def _transcript(self) -> str:
        return "".join(written + output for written, output in self._turns) + self._last

    def reply(self, reason: str) -> Reply:
        """Return a response that has ended as the reply to its request: the teacher's own text is what counts."""
        self._stats.unfinished = int(self._format.open_block)
        record = record_of(self._outcomes, self._programs, self._own_outputs, self._models)
        return Reply(
            self._own(),
            reason,
            self._tokens,
            time.perf_counter() - self._started,
            note=self._note,
            transcript=self._transcript(),
            tools=self._stats.counts(),
            record=record | {"written_past": self._written_past},
        )

    def close(self) -> None:
        """End the session of its programs."""
        self._session.close()
