"""verl's reward manager `still`: it sees what a reward function cannot, the tokens of a response and why it ended."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from omegaconf import DictConfig
from verl import DataProto
from verl.experimental.reward_loop.reward_manager.base import RewardManagerBase
from verl.experimental.reward_loop.reward_manager.registry import register

from still_verl.config import still_config
from still_verl.interpreter.finish_reason import STOP, finish_reason, stop_token_ids
from still_verl.interpreter.token_buffer import without_spans
from still_verl.monitor.rows import REWARD_ERROR
from still_verl.registry import in_one_line
from still_verl.rewards.compose import Row, score_sample, unscored
from still_verl.rewards.drop_in import MODEL_TEXT
from still_verl.rewards.presets import Preset
from still_verl.rewards.routes import Route, Router, UnknownSource
from still_verl.rewards.sample import Sample

# A heavy answer blocks its thread while a killable process grades it; asyncio's own executor has cores + 4.
THREADS = 64
SOURCE = "data_source"  # the column that verl's managers choose a reward by
# The end of a prompt, in tokens, in which a prefilled <think> and its line break lie.
PROMPT_END = 16


@register("still")
class StillRewardManager(RewardManagerBase):
    """Scores a response by `still.reward`.

    Beyond the keys of `compose.score_sample` each sample has `tokens` (that the model wrote) and `truncated` (0 or 1),
    so that verl's validation metrics have both, and `reward_error`; after `still_code` also `model_text`, the response
    without the outputs of programs, empty where there are none.

    `reward_error` is empty, or says why a response could not be scored. An exception here would not end the run: verl
    drops the sample, fills its group with padding, and learns from the rest. So the error travels with the sample to
    the trainer, where the callback `monitor` ends the run with it.
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
        self.router = Router(self.reward) if self.reward.routes else None
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="still-reward")

    async def run_single(self, data: DataProto) -> dict[str, Any]:
        """Score the last sequence of a trajectory; return `{"reward_score": float, "reward_extra_info": row}`."""
        row = await self.loop.run_in_executor(self.threads, self._score, data[len(data) - 1 :])
        return {"reward_score": row["score"], "reward_extra_info": row}

    def _score(self, data: DataProto) -> Row:
        """Score one row. Its unpadded tokens are in front: `prompt_len` and `response_len` say how many."""
        columns = {key: values[0] for key, values in data.non_tensor_batch.items()}
        ids = data.batch["responses"][0][: int(columns["response_len"])].tolist()
        prompt_ids = data.batch["prompts"][0][: int(columns["prompt_len"])]
        outcome = columns["tool_extra_fields"]  # what the agent loop left; only ours knows the budget of the step
        budget = outcome.get("response_budget", self.config.data.max_response_length)
        reason = outcome.get("finish_reason") or finish_reason(ids, budget, stop_token_ids(self.tokenizer))
        spans = outcome.get("tool_spans", ())
        own = without_spans(ids, spans)
        text = self._decode(own)
        source = str(columns.get(SOURCE, ""))
        route, fault = self._route(source)
        sample = Sample(
            text=text,
            transcript=self._decode(ids),
            references=columns["reward_model"]["ground_truth"],
            preset=self._preset_for(prompt_ids, route.preset if route else self.preset),
            prompt=self.tokenizer.decode(prompt_ids),
            data_source=source,
            extra_info=columns.get("extra_info") or {},
            tokens=len(own),
            max_tokens=budget,
            finished=reason == STOP,
            tool_ok=outcome.get("tool_ok"),
        )
        row, fault = self._scored(sample, route, fault)
        row |= {"tokens": float(len(own)), "truncated": float(reason != STOP), REWARD_ERROR: fault}
        if MODEL_TEXT in outcome:
            row[MODEL_TEXT] = text if spans else ""
        return row

    def _decode(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True)

    def _route(self, source: str) -> tuple[Route | None, str]:
        """Find the route of a source; None without routes, and where no route is for it. Then say so, too."""
        if self.router is None:
            return None, ""
        try:
            return self.router.of(source), ""
        except UnknownSource as error:
            return None, str(error)

    def _preset_for(self, prompt_ids: Any, preset: Preset) -> Preset:
        """Adapt a preset to a prompt: unless the job says whether the prompt ends in `<think>`, the prompt does."""
        if self.reward.prefilled_think is not None:
            return preset
        prefilled = self.tokenizer.decode(prompt_ids[-PROMPT_END:]).rstrip().endswith("<think>")
        return replace(preset, prefilled_think=prefilled)

    def _scored(self, sample: Sample, route: Route | None, fault: str) -> tuple[Row, str]:
        """Return the row of a sample, and why it could not be scored; nothing if it could."""
        try:
            if self.router is None:
                return score_sample(sample), ""
            if route is not None:
                return self.router.score(sample, route), ""
        except Exception as error:  # whatever a term of the user's raises
            fault = in_one_line(error)
        if self.router is None:
            return unscored(sample.preset), fault
        return self.router.unscored(route), fault
