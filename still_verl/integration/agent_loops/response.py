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
from still_verl.interpreter.finish_reason import ABORTED, stop_token_ids
from still_verl.interpreter.response import CodeResponse, Piece
from still_verl.interpreter.turns import Call, Dialogue

if TYPE_CHECKING:
    from still_verl.integration.agent_loops.code import CodeLoop


class Response(CodeResponse):
    """One response: tokens from verl's server, verl's limits on turns, the job's other tools."""

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
        super().__init__(loop.settings, dialogue, prompt_ids, loop.fitting(budget, prompt_ids))
        self.loop = loop
        self.tokenizer: Any = loop.tokenizer
        self.params = params
        self.priority = priority
        self.stop_ids = stop_token_ids(loop.tokenizer) | set(params.get("stop_token_ids") or ())
        self.reason = ""
        self.turns = 0  # of the model: an output lies between two of them
        self.generating = 0.0
        self.preempted: int | None = None
        self.routed_experts: Any = None
        self.extra: dict[str, Any] = {}
        # The same for all turns: their prefix is cached on one server.
        self.request_id = f"det-{priority}" if loop.rollout_config.full_determinism else uuid4().hex
        self.agent_data = new_agent_data(list(columns["raw_prompt"]), self.request_id, columns)

    async def write(self, run_code: RunCode) -> None:
        """Generate and run in turn, until the model ends or a limit does."""
        self.reason = self.begin()
        while not self.reason:
            output = await self._generate()
            # verl says "completed" also where the engine stopped at a string: the tokens tell.
            ended = bool(output.token_ids) and output.token_ids[-1] in self.stop_ids
            piece = Piece(output.token_ids, ended, log_probs=output.log_probs)
            if output.stop_reason in ("aborted", "abort"):
                await self.take(piece)
                self.reason = ABORTED
            else:
                self.reason = await self.go_on(piece, run_code)

    async def _generate(self) -> TokenOutput:
        """Let the model write on, up to the engine's next stop."""
        params = self.params | {"max_tokens": self.buffer.left} | self.stops()
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

    def is_last_turn(self) -> bool:
        """Whether verl's limits on turns allow no answer to the turn that has ended; count that turn."""
        self.turns += 1
        limits = self.loop.rollout_config.multi_turn
        too_many = limits.max_assistant_turns and self.turns >= limits.max_assistant_turns
        return bool(too_many or (limits.max_user_turns and self.answered >= limits.max_user_turns))

    async def answer_other(self, call: Call) -> str:
        """Answer a call of one of the job's other tools."""
        return await self.loop.others.answer(call.tool, self.agent_data)

    def output(self) -> AgentLoopOutput:
        """Return the response as verl wants it; the tokens of tools have mask 0 and log-prob 0."""
        buffer = self.buffer
        text = self.tokenizer.decode(buffer.own, skip_special_tokens=True)
        self.finish(text)
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
