"""Alarms about supervised training, which has a loss and no reward. Names: the registry."""

import math
from dataclasses import dataclass

from still_verl.monitor.alarms.changes import Direction
from still_verl.monitor.alarms.detectors import BaseDetector, Finding, View
from still_verl.monitor.alarms.level import Grade, LevelDetector

LATEST = 2  # losses of held-out rows that must be above the lowest, so that one alone says nothing
GRADES = (("critical", 1.5), ("warning", 1.15), ("info", 1.05))  # factor over the lowest, worst first

LOSS_RISE = LevelDetector(
    "supervised_loss",
    Direction.RISE,
    [Grade("critical", 2), Grade("warning", 1.3), Grade("info", 1.1, tests=("shift",))],
    "the loss of supervised training rises",
    "go back to a checkpoint before and lower the learning rate; look at the rows of these steps with "
    "still-verl data show-mask",
    form=".4f",
)


@dataclass(frozen=True)
class Overfitting(BaseDetector):
    """The last two losses of held-out rows are above the lowest one: by 50%, 15% or 5%."""

    signal: str = "held_out_loss"
    severity: str = "critical"
    advice: str = (
        "use the checkpoint with the lowest loss of held-out rows; train fewer epochs, or on more and other rows"
    )

    @property
    def needs(self) -> tuple[str, ...]:
        """The signal."""
        return (self.signal,)

    def find(self, view: View) -> Finding | None:
        """Compare with the lowest loss that is kept."""
        history = view.histories.get(self.signal)
        if history is None or len(history.values) <= LATEST:
            return None
        latest = min(history.values[-LATEST:])
        lowest = min(range(len(history.values) - LATEST), key=history.values.__getitem__)
        rise = latest - history.values[lowest]  # of logarithms
        for severity, factor in GRADES:
            if rise >= math.log(factor):
                before, now = history.raw(history.values[lowest]), history.raw(latest)
                step = history.steps[lowest]
                said = f"held-out rows are forgotten: their loss was {before:.4f} at step {step} and is {now:.4f}"
                return Finding(severity, said)
        return None


OVERFITTING = Overfitting()
