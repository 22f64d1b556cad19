"""verl's reward manager `still`: it sees what a reward function cannot, the tokens of a response and why it ended."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from omegaconf import DictConfig
from verl import DataProto
from verl.experimental.reward_loop.reward_manager.base import RewardManagerBase
from verl.experimental.reward_loop.reward_manager.registry import register

from still_verl.config import still_config
from still_verl.interpreter.finish import finish_reason, stop_token_ids
from still_verl.rewards.compose import Row, score

# A heavy answer blocks its thread while a killable process grades it; asyncio's own executor has cores + 4.
THREADS = 64
# The end of a prompt, in tokens, in which a prefilled <think> and its line break lie.
PROMPT_END = 16


@register("still")
class StillRewardManager(RewardManagerBase):
    """Scores a response by `still.reward`.

    Beyond the keys of `compose.score` each sample has `tokens` (of the response) and `truncated` (0 or 1), so that
    verl's validation metrics have both.
    """

    def __init__(
        self,
        config: DictConfig,
        tokenizer: Any,
        compute_score: Any = None,
        reward_router_address: str | None = None,
        reward_model_tokenizer: Any = None,
    ) -> None:
        super().__init__(config, tokenizer, compute_score)
        self.tokenizer: Any = tokenizer
        self.reward = still_config(config).reward
        self.preset = self.reward.build()
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="still-reward")

    async def run_single(self, data: DataProto) -> dict[str, Any]:
        """`{"reward_score": float, "reward_extra_info": row}` of the last sequence of a trajectory, as verl asks."""
        row = await self.loop.run_in_executor(self.threads, self._score, data[len(data) - 1 :])
        return {"reward_score": row["score"], "reward_extra_info": row}

    def _score(self, data: DataProto) -> Row:
        """`data` has one row, with unpadded tokens in front: `prompt_len` and `response_len` say how many."""
        columns = {key: values[0] for key, values in data.non_tensor_batch.items()}
        ids = data.batch["responses"][0][: int(columns["response_len"])].tolist()
        prompt_end = data.batch["prompts"][0][: int(columns["prompt_len"])][-PROMPT_END:]
        told = columns["tool_extra_fields"]  # what the agent loop left; only ours knows the budget of the step
        budget = told.get("response_budget", self.config.data.max_response_length)
        reason = told.get("finish_reason") or finish_reason(ids, budget, stop_token_ids(self.tokenizer))
        preset = self.preset
        if self.reward.prefilled_think is None:
            prefilled = self.tokenizer.decode(prompt_end).rstrip().endswith("<think>")
            preset = replace(preset, prefilled_think=prefilled)
        row = score(
            self.tokenizer.decode(ids, skip_special_tokens=True),
            columns["reward_model"]["ground_truth"],
            preset,
            tokens=len(ids),
            max_tokens=budget,
            finished=reason != "length",
            tool_ok=told.get("tool_ok"),
        )
        return row | {"tokens": float(len(ids)), "truncated": float(reason == "length")}
