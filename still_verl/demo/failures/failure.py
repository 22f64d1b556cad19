"""What a failure of the demo is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoFailure:
    """A run of the tiny model that fails.

    Attributes:
        alarm: the one that it rings.
        story: what somebody did, and what comes of it, in a sentence.
        overrides: of Hydra, after those of the recipe `demo`.
        steps: of the run.
        data: writes the problems to train on into a folder and returns the file; None trains on the demo's own.
    """

    alarm: str
    story: str
    overrides: Sequence[str] = ()
    steps: int = 25
    data: Callable[[Path], Path] | None = None

    def job(self, folder: Path) -> list[str]:
        """Return the overrides of its job, and write its data below the run's folder."""
        found = ["data.train_batch_size=8", "data.val_max_samples=64", "trainer.test_freq=5"]
        found += [f"trainer.total_training_steps={self.steps}", *self.overrides]
        if self.data is not None:
            found.append(f"data.train_files={self.data(folder)}")
        return found
