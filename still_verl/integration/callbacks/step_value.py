"""One number that a run drives from step to step: the part that KL, entropy, temperature and all others share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from still_verl.dynamics.coefficient import Coefficient, Follow

if TYPE_CHECKING:
    from still_verl.dynamics.schedules import ScheduleConfig
    from still_verl.integration.trainers import StillTrainer


class StepValue:
    """Computes the number of a step, logs it, lets it follow what was measured, and keeps it in checkpoints.

    Attributes:
        value: of the present step.
        coefficient: how it comes about.
    """

    def __init__(
        self,
        name: str,
        settings: ScheduleConfig,
        logged: str,
        follow: Follow | None = None,
        measured: str = "",
    ) -> None:
        """Take a number's schedule.

        Args:
            name: of the node of settings, such as `still.kl`.
            settings: of that node.
            logged: the metric that shows the value of each step.
            follow: how an adaptive one follows what is measured.
            measured: the metric that an adaptive one follows; there is none in a step without an update.
        """
        self.name, self.logged, self.measured = name, logged, measured
        self.coefficient = Coefficient(settings, follow)
        self.value = settings.start

    @property
    def active(self) -> bool:
        """Whether the job's config drives it; else verl's own setting stays."""
        return self.coefficient.active

    @property
    def adaptive(self) -> bool:
        """Whether it follows what is measured."""
        return self.coefficient.adaptive

    def begin(self, trainer: StillTrainer, step: int | None = None) -> float:
        """Compute and return the value of a step, the trainer's own if none is given."""
        number = trainer.global_steps if step is None else step
        self.value = self.coefficient.at(number, trainer.total_training_steps)
        return self.value

    def end(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        """Log the value that the step used; let an adaptive one follow what was measured, or say why it does not."""
        metrics[self.logged] = self.value
        if not self.adaptive or "actor/loss" not in metrics:
            return
        seen = metrics.get(self.measured)
        if seen is None or not self.coefficient.observe(seen):
            kept = f"{self.name} keeps its coefficient {self.coefficient.adapted:g}"
            # Printed: verl's vLLM server hides whatever is logged below an error.
            print(f"still_verl: step {trainer.global_steps}: {self.measured} is {seen}, so {kept}")

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"adapted": self.coefficient.state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint, and say so where an adaptive number begins anew."""
        if not self.coefficient.restore(state["adapted"]):
            start = f"{self.name}.start={self.coefficient.adapted:g}"
            print(f"still_verl: {self.name} was not adaptive in the checkpoint, so it begins at {start}")
