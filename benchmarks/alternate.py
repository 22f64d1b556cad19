"""`still_sync` whose every second step is verl's own, for `step_overhead.py`.

Loaded into the job by `VERL_USE_EXTERNAL_MODULES`. Both kinds of steps run in the same processes, with the same memory
and the same neighbours.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from wrapt import when_imported

LOG = "ALTERNATE_LOG"  # of lines "OURS SECONDS", OURS being 1 or 0
# What `StillTrainer` overrides in a step.
HOOKS = ("_balance_batch", "_step_once", "step", "_compute_metrics")


@when_imported("verl.trainer.ppo.v1")
def _register(_module: object) -> None:
    from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY

    from still_verl.integration.trainers import StillSync, StillTrainer

    class Alternating(StillSync):
        """Writes the wall seconds of each step: from its begin to the next one's, all logging included."""

        started: float | None = None

        def on_step_begin(self) -> None:
            now = time.perf_counter()
            if self.started is not None:
                with open(os.environ[LOG], "a") as log:
                    log.write(f"{int(ours(self.global_steps - 1))} {now - self.started}\n")
            self.started = now
            if ours(self.global_steps):
                self._open_metrics_file()
            else:
                self.logger.logger.pop("still", None)
            _hook("on_step_begin")(self)

    def _hook(name: str) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            # The class behind ours in the order of inheritance is upstream's.
            behind = StillSync if ours(self.global_steps) else StillTrainer
            return getattr(super(behind, self), name)(*args, **kwargs)

        return call

    for name in HOOKS:
        setattr(Alternating, name, _hook(name))
    TRAINER_REGISTRY["still_sync"] = Alternating


def keep_all(group: Any, _config: Any) -> np.ndarray:
    """A selection rule that reads every sample and drops none, so that steps are equal work."""
    return np.ones(len(group), dtype=bool)


def ours(step: int) -> bool:
    return step % 2 == 1
