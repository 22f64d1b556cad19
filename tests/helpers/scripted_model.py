"""A model that says what the test wants, in the place of vLLM, and the loop `still_code` run against it."""

import asyncio
import json
from functools import lru_cache
from typing import Any

from composed import composed
from omegaconf import DictConfig
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput, DictConfigWrap
from verl.utils.dataset.rl_dataset import RLHFDataset
from verl.workers.rollout.replica import TokenOutput

from still_verl.integration.agent_loops.code import CodeLoop
from still_verl.interpreter import build

TURN_ENDS = "</tool_call>"  # where this model ends its turn by itself


class ScriptedServer:
    """Says one piece of text a turn, stopping at stop strings and at the budget as vLLM does."""

    def __init__(self, tokenizer: Any, pieces: list[str], **says: Any) -> None:
        """`says` is what it says of every turn beside tokens, such as `num_preempted`."""
        self.tokenizer, self.pieces, self.asked, self.says = tokenizer, list(pieces), [], says

    async def generate(self, request_id: str, *, prompt_ids: list[int], sampling_params: dict, **_: Any) -> TokenOutput:
        self.asked.append((request_id, list(prompt_ids), sampling_params))
        text = self.pieces.pop(0) if self.pieces else ""
        ends = [text.find(stop) + len(stop) for stop in sampling_params.get("stop", []) if stop in text]
        if ends:
            text, rest = text[: min(ends)], text[min(ends) :]
            self.pieces[:0] = [rest] if rest else []
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        if not ends and (not self.pieces or text.endswith(TURN_ENDS)):
            ids.append(self.tokenizer.eos_token_id)
        ids = ids[: sampling_params["max_tokens"]]
        extra = {"global_steps": 7, "min_global_steps": len(self.asked), "max_global_steps": len(self.asked)}
        says = {"stop_reason": "completed"} | self.says
        extra |= says.pop("extra", {})
        return TokenOutput(token_ids=ids, log_probs=[-0.5] * len(ids), extra_fields=extra, **says)


class TokenServer:
    """Says one list of tokens a turn, whatever it is asked."""

    def __init__(self, turns: list[list[int]], **says: Any) -> None:
        self.turns, self.asked, self.says = list(turns), [], {"stop_reason": "completed"} | says

    async def generate(self, request_id: str, *, prompt_ids: list[int], sampling_params: dict, **_: Any) -> TokenOutput:
        self.asked.append((request_id, list(prompt_ids), sampling_params))
        ids = self.turns.pop(0) if self.turns else []
        ids = ids[: sampling_params["max_tokens"]]
        return TokenOutput(token_ids=ids, log_probs=[-0.5] * len(ids), **self.says)


@lru_cache(maxsize=256)
def job(*overrides: str) -> DictConfig:
    """The config of a job."""
    return composed(["+recipe=base"], overrides)


_made_for: list[Any] = []


def renew_sandbox(config: DictConfig) -> None:
    """Keep the sandbox of this process from test to test while its settings are the same: a start takes seconds."""
    settings = config.still.interpreter
    if build._shared is not None and _made_for != [settings]:
        build._shared.close()
        build._shared = None
    _made_for[:] = [settings]


def respond(
    tokenizer: Any,
    pieces: list[str],
    *overrides: str,
    limit: int = 400,
    model_type: str | None = None,
    server: Any = None,
    tools: Any = None,
    prompt: Any = None,
    **told: Any,
) -> Any:
    """Write one response: (what the loop returns, the server and what it was asked)."""
    config = job(f"data.max_response_length={limit}", *overrides)
    renew_sandbox(config)
    server = server or ScriptedServer(tokenizer, pieces)
    prompt = prompt or [{"role": "user", "content": "compute"}]

    async def run() -> AgentLoopOutput:
        loop = CodeLoop(
            trainer_config=DictConfigWrap(config),
            server_manager=server,
            tokenizer=tokenizer,
            processor=None,
            dataset_cls=RLHFDataset,
            data_config=DictConfigWrap(config.data),
            hf_model_type=model_type,
            tools=tools,
        )
        return await loop.run({"temperature": 1.0, "logprobs": True}, raw_prompt=prompt, **told)

    output = asyncio.run(run())
    return output, server


def parts(tokenizer: Any, output: AgentLoopOutput) -> tuple[str, str]:
    """(what the model wrote, what it read), by the mask."""
    written = [i for i, m in zip(output.response_ids, output.response_mask, strict=True) if m]
    read = [i for i, m in zip(output.response_ids, output.response_mask, strict=True) if not m]
    return tokenizer.decode(written, skip_special_tokens=True), tokenizer.decode(read)


BLOCK = "```python\n{}\n```\n"


def call(code: Any, name: str = "code_interpreter") -> str:
    return "<tool_call>\n" + json.dumps({"name": name, "arguments": {"code": code}}) + "\n</tool_call>"


def answer(text: str) -> str:
    """As the template writes it between two turns of the model."""
    told = f"<|im_start|>user\n<tool_response>\n{text}\n</tool_response><|im_end|>\n"
    return told + "<|im_start|>assistant\n"


MANY = "actor_rollout_ref.rollout.multi_turn.max_parallel_calls=8"  # as still/rollout=code sets it


def tool_respond(tokenizer: Any, pieces: list[str], *overrides: str, **told: Any) -> Any:
    settings = ["still.interpreter.format=tool_call", MANY, *overrides]
    return respond(tokenizer, pieces, *settings, model_type="qwen2", **told)
