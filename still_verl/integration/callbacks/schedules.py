"""Numbers of the actor's loss and the learning rate, each by the schedule that `still.schedules` gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.dynamics.numbers import LEARNING_RATE, NODE, numbers
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.callbacks.step_value import StepValue
from still_verl.integration.learning_rate import FIELD

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from still_verl.integration.trainers import StillTrainer


class Schedules(Callback):
    """Sends the numbers of a step to the workers, which log what they use as `actor/used/...`.

    Part of every run: an optimizer's checkpoint has the rate of its last step, also for a run that no longer drives it.
    """

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.values: dict[str, StepValue] = {}
        for name, settings in numbers(still_config(config).schedules).items():
            self.values[name] = StepValue(f"{NODE}.{name}", settings, f"still/schedules/{name}")
        self.driven_before: list[str] = []  # in the checkpoint that the run goes on from

    def on_init_end(self, trainer: StillTrainer) -> None:
        if LEARNING_RATE in self.driven_before and LEARNING_RATE not in self.values:
            rate = trainer.config.actor_rollout_ref.actor.optim.lr
            trainer.loss.set(**{FIELD: rate})
            print(
                f"still_verl: {NODE}.{LEARNING_RATE} is no longer there, so the learning rate is {rate:g} from now on"
            )

    def on_step_begin(self, trainer: StillTrainer) -> None:
        for name, value in self.values.items():
            field = FIELD if name == LEARNING_RATE else name
            trainer.loss.set(**{field: value.begin(trainer)})

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        for value in self.values.values():
            value.end(trainer, metrics)

    def state_dict(self) -> dict[str, Any]:
        return {"driven": sorted(self.values)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.driven_before = state["driven"]
