"""What a step allows its rollouts: tokens for a response, and a temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hydra.utils import get_class
from verl.experimental.agent_loop.agent_loop import _agent_loop_registry
from verl.utils import tensordict_utils as tu

from still_verl.config import still_config
from still_verl.config_errors import ConfigError
from still_verl.dynamics.context import budget_at
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.callbacks.step_value import StepValue
from still_verl.integration.checks.loops import follows_the_step

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from tensordict import TensorDict

    from still_verl.integration.trainers import StillTrainer


COLUMN = "agent_name"  # of the data: the agent loop of a prompt, in place of the job's


def obeys_the_step(agent_loop: object) -> bool:
    """Return whether a registered agent loop takes the budget and temperature of a step: ours do, and their heirs."""
    entry = _agent_loop_registry.get(str(agent_loop))
    return entry is not None and follows_the_step(get_class(str(entry["_target_"])))


class Sampling(Callback):
    """Sends each prompt with the budget and temperature of the step; validation has its own budget.

    In the asynchronous modes prompts are sent ahead of the step that learns from them, with the values of the moment.
    """

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        still = still_config(config)
        self.context = still.context
        self.temperature = StepValue("still.temperature", still.temperature, "still/temperature")
        self.training: dict[str, Any] = {}
        self.validation = {"still_budget": still.context.validation}

    @property
    def active(self) -> bool:
        return bool(self.context.stages or self.context.validation) or self.temperature.active

    def on_init_end(self, trainer: StillTrainer) -> None:
        self._set(trainer, trainer.global_steps + 1)  # for prompts that are sent before the first step

    def on_step_begin(self, trainer: StillTrainer) -> None:
        self._set(trainer, trainer.global_steps)

    def _set(self, trainer: StillTrainer, step: int) -> None:
        self.training = {"still_budget": budget_at(self.context, step)}
        if self.temperature.active:
            value = self.temperature.begin(trainer, step)
            if value == 0:  # of a schedule of the user's own; log-probs are of the logits divided by it
                raise ConfigError(f"still.temperature is 0 in step {step}: use values above 0")
            self.training["still_temperature"] = value
            # verl's trainer takes the temperature of log-probs from here.
            trainer.config.actor_rollout_ref.rollout.temperature = value

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        if self.training["still_budget"] is not None:
            metrics["still/context/budget"] = self.training["still_budget"]
        if self.temperature.active:
            self.temperature.end(trainer, metrics)


class SteppedAgentLoops:
    """verl's agent loop manager, which sends each prompt with what the step allows it."""

    def __init__(self, manager: Any, sampling: Sampling) -> None:
        self._manager = manager
        self._sampling = sampling

    def generate_sequences(self, prompts: TensorDict) -> None:
        """Send prompts with the budget and temperature of the step, or of validation.

        Raises:
            RuntimeError: the data name an agent loop that does not take them, while log-probs would.
        """
        allowed = self._sampling.validation if "validate" in prompts else self._sampling.training
        values = {key: value for key, value in allowed.items() if value is not None}
        if values and COLUMN in prompts:
            loops = tu.get(prompts, COLUMN)
            named = {loops} if isinstance(loops, str) else set(map(str, loops))
            others = sorted(loop for loop in named if not obeys_the_step(loop))
            if others:
                raise RuntimeError(
                    f"still_verl: the data's column {COLUMN} has {', '.join(others)}, which read neither still.context "
                    "nor still.temperature: name one of ours there (still, still_code, still_tool_agent), or drop it"
                )
        for key, value in values.items():
            tu.assign_non_tensor_data(prompts, key, value)
        self._manager.generate_sequences(prompts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)
