"""The agent loop `still_code`: a response stops at a block of Python, gets its output, and goes on."""

import time
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput

from still_verl.config import still_config
from still_verl.interpreter.finish import finish_reason, stop_token_ids
from still_verl.interpreter.formats import FORMATS, CodeFormat
from still_verl.interpreter.loop import SingleTurn
from still_verl.interpreter.runner import RunCode, code_of_a_response, shared_runner
from still_verl.interpreter.sandbox.base import Result
from still_verl.interpreter.stream import TokenStream
from still_verl.settings import InterpreterConfig

NO_OUTPUT = "(no output)"


@dataclass
class ToolUse:
    """What one response did with its interpreter; reaches rewards and the monitor as `tool_*` in `extra_fields`.

    Attributes:
        calls: blocks that were run.
        ok, error, timeout, crash: how they ended.
        seconds: wall time of running.
        wait_seconds: wall time of waiting for a free place.
        caps: 1 when a cap on calls or seconds was met.
        cut_outputs: outputs that did not fit into the response's budget.
        unfinished: 1 when the response ended inside a block.
        stale: blocks that were not run, because the response went on past them.
    """

    calls: int = 0
    ok: int = 0
    error: int = 0
    timeout: int = 0
    crash: int = 0
    seconds: float = 0.0
    wait_seconds: float = 0.0
    caps: int = 0
    cut_outputs: int = 0
    unfinished: int = 0
    stale: int = 0

    def add(self, result: Result, waited: float) -> None:
        self.calls += 1
        kind = result.kind if result.kind in ("ok", "error", "timeout") else "crash"
        setattr(self, kind, getattr(self, kind) + 1)
        self.seconds += result.seconds
        self.wait_seconds += waited


class CodeLoop(SingleTurn):
    """Caps are told to the model in place of an output; then the response goes on without an interpreter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings: InterpreterConfig = still_config(self.config).interpreter

    def new_format(self) -> CodeFormat:
        """A parser for one response."""
        return FORMATS[self.settings.format]()

    async def run(
        self,
        sampling_params: dict[str, Any],
        still_budget: int | None = None,
        still_temperature: float | None = None,
        priority: int = 0,
        **kwargs: Any,
    ) -> AgentLoopOutput:
        params = dict(sampling_params)
        if still_temperature is not None:
            params["temperature"] = still_temperature
        budget = min(still_budget or self.response_length, self.response_length)
        prompt_ids = await self.ct_build_initial_tokens(list(kwargs["raw_prompt"]))
        response = Response(self, prompt_ids, budget, params, int(priority))
        with code_of_a_response(shared_runner(self.settings), self.settings.stateful) as run_code:
            await response.write(run_code)
        return response.output()


class Response:
    """One response while it is written."""

    def __init__(
        self, loop: CodeLoop, prompt_ids: list[int], budget: int, params: dict[str, Any], priority: int
    ) -> None:
        self.loop = loop
        self.settings = loop.settings
        self.tokenizer: Any = loop.tokenizer
        self.prompt_ids = prompt_ids
        self.params = params
        self.priority = priority
        self.stream = TokenStream(budget)
        self.format = loop.new_format()
        self.use = ToolUse()
        self.turns = 0
        self.generating = 0.0
        self.extra: dict[str, Any] = {}
        self.request_id = uuid4().hex  # the same for all turns: their prefix is cached on one server

    async def write(self, run_code: RunCode) -> None:
        """Generate and run in turn until the model ends, or the budget does."""
        interpreting = True
        while self.stream.left > 0:
            ready = await self._generate(interpreting)
            if not ready:
                return
            cap = self._cap()
            if cap:
                self.use.caps, interpreting = 1, False
                shown = cap
            else:
                result, waited = await run_code(self.format.blocks[-1])
                self.use.add(result, waited)
                shown = _shown(result)
            ids = self.tokenizer.encode(self.format.output(shown), add_special_tokens=False)
            self.use.cut_outputs += self.stream.add_output(ids)

    async def _generate(self, interpreting: bool) -> bool:
        """One turn of the model; whether it ends with a block that wants to be run."""
        stops = {"stop": self.format.stop, "include_stop_str_in_output": True} if interpreting else {}
        started = time.monotonic()
        output = await self.loop.server_manager.generate(
            request_id=self.request_id,
            prompt_ids=self.prompt_ids + self.stream.ids,
            sampling_params={**self.params, **stops, "max_tokens": self.stream.left},
            priority=self.priority,
        )
        self.generating += time.monotonic() - started
        self.turns += 1
        self.extra = output.extra_fields | {
            key: self.extra[key] for key in ("global_steps", "min_global_steps") if key in self.extra
        }
        closed = len(self.format.blocks)
        self.stream.add_generated(output.token_ids, output.log_probs)
        ready = self.format.feed(self.tokenizer.decode(output.token_ids, skip_special_tokens=True))
        self.use.stale += len(self.format.blocks) - closed - ready if interpreting else 0
        return ready and interpreting

    def _cap(self) -> str:
        """Why no more code is run, in words for the model; empty while it is."""
        if self.use.calls >= self.settings.max_calls:
            return f"No more code is run in this response: {self.settings.max_calls} calls were made."
        if self.use.seconds >= self.settings.seconds_per_response:
            return f"No more code is run in this response: {self.settings.seconds_per_response:g} seconds were used."
        return ""

    def output(self) -> AgentLoopOutput:
        stops = stop_token_ids(self.tokenizer)
        self.use.unfinished = int(self.format.open_block)
        self.extra |= {f"tool_{name}": value for name, value in asdict(self.use).items()}
        self.extra |= {
            "tool_masked_tokens": self.stream.mask.count(0),
            "finish_reason": finish_reason(self.stream.ids, self.stream.budget, stops),
            "response_tokens": len(self.stream.ids),
            "response_budget": self.stream.budget,
        }
        return AgentLoopOutput(
            prompt_ids=self.prompt_ids,
            response_ids=self.stream.ids,
            response_mask=self.stream.mask,
            response_logprobs=self.stream.log_probs if self.params.get("logprobs") else None,
            num_turns=2 * self.turns,
            metrics=AgentLoopMetrics(generate_sequences=self.generating, tool_calls=self.use.seconds),
            extra_fields=self.extra,
        )


def _shown(result: Result) -> str:
    """What a model reads of a result."""
    return "\n".join(filter(None, [result.stdout.rstrip("\n"), result.error])) or NO_OUTPUT
