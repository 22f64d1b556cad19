"""One response of the agent loop `still_code`, while it is written."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput
from verl.experimental.agent_loop.tool_agent_loop import SPEC_DECODE_EXTRA_KEYS
from verl.workers.rollout.replica import TokenOutput

from still_verl.integration.agent_loops.other_tools import new_agent_data
from still_verl.interpreter.build import RunCode
from still_verl.interpreter.finish_reason import ABORTED, EMPTY, LENGTH, STOP, TURNS, stop_token_ids
from still_verl.interpreter.sandbox.base import Result
from still_verl.interpreter.token_buffer import TokenBuffer
from still_verl.interpreter.tool_stats import ToolStats
from still_verl.interpreter.turns import Call, Dialogue, Turn

if TYPE_CHECKING:
    from still_verl.integration.agent_loops.code import CodeLoop

NO_OUTPUT = "(no output)"


class Response:
    """Tokens, counts and the reason of the end of one response.

    Whether the model has ended is judged by its own last token. An engine also stops at a string that may begin an
    output, and verl says "completed" of both: where nothing is to be run, the response goes on.
    """

    def __init__(
        self,
        loop: "CodeLoop",
        dialogue: Dialogue,
        prompt_ids: list[int],
        budget: int,
        params: dict[str, Any],
        priority: int,
        columns: dict[str, Any],
    ) -> None:
        self.loop = loop
        self.settings = loop.settings
        self.tokenizer: Any = loop.tokenizer
        self.dialogue = dialogue
        self.prompt_ids = prompt_ids
        self.params = params
        self.priority = priority
        self.stop_ids = stop_token_ids(loop.tokenizer) | set(params.get("stop_token_ids") or ())
        self.buffer = TokenBuffer(loop.fitting(budget, prompt_ids))
        self.interpreting = True
        self.reason = ""
        self.stats = ToolStats()
        self.turns = 0  # of the model: an output lies between two of them
        self.answered = 0  # turns
        self.asked = True  # whether the turn that was read last asked for something
        self.generating = 0.0
        self.preempted: int | None = None
        self.routed_experts: Any = None
        self.extra: dict[str, Any] = {}
        # The same for all turns: their prefix is cached on one server.
        self.request_id = f"det-{priority}" if loop.rollout_config.full_determinism else uuid4().hex
        self.agent_data = new_agent_data(list(columns["raw_prompt"]), self.request_id, columns)

    async def write(self, run_code: RunCode) -> None:
        """Generate and run in turn, until the model ends or a limit does."""
        self.dialogue.begin(self.prompt_ids)
        self.reason = LENGTH if self.buffer.left <= 0 else ""
        while not self.reason:
            output = await self._generate()
            self.reason = await self._go_on(output, run_code)

    async def _go_on(self, output: TokenOutput, run_code: RunCode) -> str:
        """Take in a turn and answer what it asks for; return why the response ends, nothing if it goes on."""
        ended = bool(output.token_ids) and output.token_ids[-1] in self.stop_ids
        turn = await self._read(output, ended)
        if output.stop_reason in ("aborted", "abort"):
            return ABORTED
        self.asked = bool(turn.calls)
        if turn.calls:
            if self._last_turn():
                return TURNS
            await self._answer_all(turn.calls, run_code)
        elif ended:
            return STOP
        elif not output.token_ids:
            return EMPTY
        elif self.buffer.left > 0:
            self.stats.resumed += 1
        return "" if self.buffer.left > 0 else LENGTH

    async def _generate(self) -> TokenOutput:
        """Let the model write on, up to the engine's next stop."""
        params = self.params | {"max_tokens": self.buffer.left}
        if self.interpreting:
            params |= self.dialogue.stops
        started = time.monotonic()
        output = await self.loop.server_manager.generate(
            request_id=self.request_id,
            prompt_ids=self.prompt_ids + self.buffer.ids,
            sampling_params=params,
            priority=self.priority,
        )
        self.generating += time.monotonic() - started
        self._keep_extra(output.extra_fields)
        if output.num_preempted is not None:
            self.preempted = (self.preempted or 0) + output.num_preempted
        if output.routed_experts is not None:
            self.routed_experts = output.routed_experts  # of all tokens so far
        return output

    async def _read(self, output: TokenOutput, ended: bool) -> Turn:
        """Add the tokens of a turn; return what it asks for, which is nothing when no more code is run."""
        ids = output.token_ids
        if not self.interpreting:
            await self._follow(ids)
            self.buffer.add_generated(ids, output.log_probs)
            return Turn()
        turn = await self.dialogue.read(ids, ended, may_go_on=self.buffer.left > len(ids))
        kept = len(ids) if turn.kept is None else turn.kept
        self.buffer.add_generated(ids[:kept], output.log_probs)
        self.stats.skipped_blocks += turn.skipped_blocks
        self.stats.closed_by_end += turn.closed_by_end
        self.stats.dropped_tokens += len(ids) - kept - turn.closed_by_end
        return turn

    async def _follow(self, ids: list[int]) -> None:
        """Let the dialogue read a turn of which nothing is run."""
        while ids:
            turn = await self.dialogue.read(ids, ended=False, may_go_on=False)
            ids = ids[turn.kept or len(ids) :]

    def _keep_extra(self, extra: dict[str, Any]) -> None:
        """Keep what the engine says of the latest turn; the first says which weights began, counters add up."""
        kept: dict[str, Any] = {}
        for key in ("global_steps", "min_global_steps"):
            if key in self.extra:
                kept[key] = self.extra[key]
        for key in SPEC_DECODE_EXTRA_KEYS:
            if key in self.extra:
                kept[key] = int(self.extra[key]) + int(extra.get(key, 0))
        self.extra = self.extra | extra | kept

    def _last_turn(self) -> bool:
        """Whether verl's limits on turns allow no answer to the turn that has ended; count that turn."""
        self.turns += 1
        limits = self.loop.rollout_config.multi_turn
        too_many = limits.max_assistant_turns and self.turns >= limits.max_assistant_turns
        return bool(too_many or (limits.max_user_turns and self.answered >= limits.max_user_turns))

    async def _answer_all(self, calls: list[Call], run_code: RunCode) -> None:
        """Answer the calls of a turn, in order."""
        if not any(call.code or call.tool for call in calls):
            self.stats.void_turns += 1
        outputs = [await self._answer(call, run_code) for call in calls]
        dropped, ids = await self.dialogue.reply(outputs, self.prompt_ids + self.buffer.ids)
        self.buffer.drop_last(dropped)
        self.stats.cut_outputs += self.buffer.add_output(ids)
        self.answered += 1

    async def _answer(self, call: Call, run_code: RunCode) -> str:
        """Run a call; return what the model reads in answer."""
        if cap := self.settings.cap(self.stats.answered, self.stats.seconds):
            self.stats.cap_reached, self.interpreting = 1, False
            return cap
        if call.fault:
            self.stats.refuse(call.fault)
            return call.error_message
        if call.tool is not None:
            self.stats.other_calls += 1
            return await self.loop.others.answer(call.tool, self.agent_data)
        result, waited = await run_code(call.code)
        self.stats.add(result, waited)
        return as_output(result)

    def output(self) -> AgentLoopOutput:
        """Return the response as verl wants it; the tokens of tools have mask 0 and log-prob 0."""
        buffer = self.buffer
        text = self.tokenizer.decode(buffer.own, skip_special_tokens=True)
        self.stats.unfinished = int(self.dialogue.open_block)
        if not self.asked and not self.loop.has_answer(text):
            self.stats.void_turns += 1
        for name, value in asdict(self.stats).items():
            self.extra[f"tool_{name}"] = value
        self.extra |= {
            "tool_masked_tokens": buffer.mask.count(0),
            "tool_spans": buffer.tool_spans,
            "model_text": text,
            "finish_reason": self.reason,
            "response_tokens": buffer.mask.count(1),
            "response_budget": buffer.budget,
            "turn_scores": [],
            "tool_rewards": self.agent_data.tool_rewards,
        }
        if self.routed_experts is not None:
            self.routed_experts = self.routed_experts[: len(self.prompt_ids) + len(buffer.ids)]
        return AgentLoopOutput(
            prompt_ids=self.prompt_ids,
            response_ids=buffer.ids,
            response_mask=buffer.mask,
            response_logprobs=buffer.log_probs if self.params.get("logprobs") else None,
            routed_experts=self.routed_experts,
            num_turns=2 * self.answered + 2,
            metrics=AgentLoopMetrics(
                generate_sequences=self.generating,
                tool_calls=self.stats.seconds,
                num_preempted=-1 if self.preempted is None else self.preempted,
            ),
            extra_fields=self.extra,
        )


def as_output(result: Result) -> str:
    """Return what a model reads of a result.

    An error may quote what no tokenizer takes, a lone surrogate: it is written as its escape.
    """
    parts = [part for part in (result.stdout.rstrip("\n"), result.error) if part]
    text = "\n".join(parts) or NO_OUTPUT
    return text.encode("utf-8", "backslashreplace").decode()
