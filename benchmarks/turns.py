"""Two trainers that take turns, step by step, for `step_overhead.py`: whatever the machine does hits both alike.

Loaded into both jobs by `VERL_USE_EXTERNAL_MODULES`: `cpu_sync` of `baseline.py` and our `still_sync`.
"""

import os
import time
from typing import Any

from wrapt import when_imported

MINE, OTHERS, LOG, STARTS = "TURNS_MINE", "TURNS_OTHERS", "TURNS_LOG", "TURNS_STARTS"


class InTurns:
    """Mixin in front of a trainer: a step waits for a byte in our pipe, and the next one first gives the other a byte.

    Writes the wall seconds of each step to a file: from its turn to the next step's begin, all logging included.
    """

    def fit(self, agent_loop_manager: Any) -> None:
        # Opened for reading and writing, so that neither opening nor writing waits for the other job.
        self._mine, self._others = (os.open(os.environ[name], os.O_RDWR) for name in (MINE, OTHERS))
        self._started: float | None = None
        super().fit(agent_loop_manager)  # type: ignore[misc]
        self._end_turn()

    def on_step_begin(self) -> None:
        if self._started or os.environ[STARTS] != "True":  # the other job's first call says that it is ready
            self._end_turn()
        os.read(self._mine, 1)
        self._started = time.perf_counter()
        super().on_step_begin()  # type: ignore[misc]

    def _end_turn(self) -> None:
        if self._started:
            with open(os.environ[LOG], "a") as log:
                log.write(f"{time.perf_counter() - self._started}\n")
        os.write(self._others, b".")


@when_imported("verl.trainer.ppo.v1")
def _register(_module: object) -> None:
    import baseline  # noqa: F401, registers cpu_sync
    from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY

    import still_verl.trainer.modes  # noqa: F401, registers still_sync

    for mode in ("cpu_sync", "still_sync"):
        TRAINER_REGISTRY[mode] = type("InTurns", (InTurns, TRAINER_REGISTRY[mode]), {})
