"""The agent loop `still_code`: a response stops at a block of Python, gets its output, and goes on."""

from typing import Any

from omegaconf import DictConfig
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput, ToolListWrap

from still_verl.config import StillConfig, still_config
from still_verl.integration.agent_loops.other_tools import OtherTools
from still_verl.integration.agent_loops.response import Response
from still_verl.integration.agent_loops.single_turn import SingleTurn
from still_verl.integration.agent_loops.split_outputs import split_outputs
from still_verl.integration.agent_loops.tool_calls import ToolCalls
from still_verl.interpreter import packages
from still_verl.interpreter.build import code_of_a_response, shared_sandbox
from still_verl.interpreter.registries import CODE_FORMATS
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.interpreter.turns import Dialogue, TextBlocks
from still_verl.rewards.extract import extract


class CodeLoop(SingleTurn):
    """verl's agent loop with a code interpreter.

    When a limit on calls or seconds is reached, the model reads that instead of an output, and continues without it.
    """

    def __init__(self, *args: Any, tools: ToolListWrap | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        still = settings_of(self.config)
        self.settings: InterpreterConfig = still.interpreter
        self.extractors = still.reward.all_extractors()
        self.others = OtherTools(tools, self.rollout_config.multi_turn)
        self.offered = list(self.others.tools)  # names of those that the row has
        split_outputs(self.continuous_token_builder)

    def new_dialogue(self, messages: list[dict[str, Any]]) -> Dialogue:
        """Return the parser of one response to `messages`, by `still.interpreter.format`."""
        chosen = CODE_FORMATS.find(self.settings.format)
        multi_turn = self.rollout_config.multi_turn
        if issubclass(chosen, ToolCalls):
            others = self.others.schemas(self.offered)
            return chosen(self, multi_turn.format, messages, others, multi_turn.max_parallel_calls)
        return TextBlocks(chosen(), self.tokenizer, self.settings.run_at_end)

    async def run(
        self,
        sampling_params: dict[str, Any],
        still_budget: int | None = None,
        still_temperature: float | None = None,
        priority: int = 0,
        **kwargs: Any,
    ) -> AgentLoopOutput:
        """Write one response to the prompt `raw_prompt`.

        Args:
            sampling_params: of verl's rollout.
            still_budget: tokens that the step allows; None allows `data.max_response_length`.
            still_temperature: of the step; None changes nothing.
            priority: of the request in the engine.
            kwargs: the columns of the data.

        Raises:
            ValueError: the prompt has images, videos or audio.
        """
        params = dict(sampling_params)
        if still_temperature is not None:
            params["temperature"] = still_temperature
        budget = min(still_budget or self.response_length, self.response_length)
        messages = list(kwargs["raw_prompt"])
        check_text_only(messages)
        if self.settings.packages_in_prompt:
            messages = packages.announce(messages, packages.sentence())
        self.offered = self.others.selected(kwargs)
        dialogue = self.new_dialogue(messages)
        prompt_ids = await self.ct_build_initial_tokens(messages, tools=dialogue.tools)
        response = Response(self, dialogue, prompt_ids, budget, params, int(priority), kwargs)
        with code_of_a_response(shared_sandbox(self.settings), self.settings.stateful) as run_code:
            await response.write(run_code)
        return response.output()

    def fitting(self, budget: int, prompt_ids: list[int]) -> int:
        """Return how many tokens of a budget fit behind a prompt, where the engine allows less than verl's lengths."""
        longest = self.rollout_config.max_model_len
        if not longest:
            return budget
        return max(0, min(budget, longest - len(prompt_ids)))

    def has_answer(self, text: str) -> bool:
        """Say whether a text has an answer, by the extractors of `still.reward`."""
        try:
            return bool(extract(text, self.extractors))
        except ValueError:  # an extractor of the user's own: the reward manager ends the run with its error
            return True


_read: tuple[DictConfig, StillConfig] | None = None


def settings_of(config: DictConfig) -> StillConfig:
    """Return the settings of a job; verl makes a loop for each response, and reading them takes milliseconds."""
    global _read
    if _read is None or _read[0] is not config:
        _read = (config, still_config(config))
    return _read[1]


def check_text_only(messages: list[dict[str, Any]]) -> None:
    """Refuse what this loop cannot read: a template would leave it out without a word.

    Raises:
        ValueError: a message has a part that is no text.
    """
    for message in messages:
        content = message.get("content")
        if not isinstance(content, list):
            continue
        for part in content:
            kind = part.get("type", "text") if isinstance(part, dict) else "text"
            if kind != "text":
                raise ValueError(
                    f"a prompt has a part of type {kind}, and the agent loop still_code reads text: "
                    "use still/rollout=single_turn for it, or data without images, videos and audio"
                )
