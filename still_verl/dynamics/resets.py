"""When the reference becomes a copy of the actor: after so many steps, or when it is too far away."""

import math
from typing import Any

from still_verl.dynamics.settings import ReferenceConfig


class Resets:
    """Decides after each step. What it has counted goes into checkpoints.

    Example:
        >>> resets = Resets(ReferenceConfig(reset_above=0.1, reset_patience=2))
        >>> [resets.due(step, kl) for step, kl in enumerate((0.2, 0.05, 0.2, 0.3), start=1)]
        [False, False, False, True]
    """

    def __init__(self, config: ReferenceConfig) -> None:
        self.config = config
        self.above = 0  # steps in a row whose KL was above the bound
        self.last = 0  # the step of the last reset; 0 is the start of the run

    def due(self, step: int, kl: float | None) -> bool:
        """Return whether the reference is reset after a step.

        Args:
            step: the first is 1.
            kl: of the step, in nats per token; None where the reference was not run. Such a step counts neither as
                above the bound nor as below it, nor does one whose KL is no finite number.
        """
        due = self.config.reset_every > 0 and step % self.config.reset_every == 0
        bound = self.config.reset_above
        if bound is not None and kl is not None and math.isfinite(kl):
            self.above = self.above + 1 if kl > bound else 0
            far = self.above >= self.config.reset_patience
            due = due or (far and step - self.last >= self.config.reset_distance)
        if due:
            self.above, self.last = 0, step
        return due

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"above": self.above, "last": self.last}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a `state`; an older checkpoint has none."""
        self.above, self.last = state.get("above", 0), state.get("last", 0)
