"""Which phase of a step a run is in: a small file in the run folder, for `still-verl watch`."""

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

NAME = "phase.json"
# In the order of a step. The last one has all that comes after the update.
PHASES = ("generation", "training", "checkpoint and validation")


@dataclass(frozen=True)
class Phase:
    """Where a run is within a step.

    Attributes:
        step: the first is 1.
        name: one of `PHASES`.
        began: in seconds of the epoch.
        usual: seconds that each phase took in the step before, as far as there was one.
    """

    step: int
    name: str
    began: float
    usual: dict[str, float] = field(default_factory=dict)


class PhaseFile:
    """Keeps the file up to date: it is replaced as a whole, so that no reader sees half of it."""

    def __init__(self, run_dir: Path) -> None:
        self.path = run_dir / NAME
        self._phase: Phase | None = None

    def enter(self, step: int, name: str) -> None:
        """Begin a phase, which ends the one before. A phase that is begun again within a step goes on."""
        now = time.time()
        last = self._phase
        if last is not None and (last.step, last.name) == (step, name):
            return
        usual = {} if last is None else last.usual | {last.name: now - last.began}
        self._phase = Phase(step, name, now, usual)
        partial = self.path.with_name(f"{NAME}.part")
        try:
            partial.write_text(json.dumps(asdict(self._phase)), encoding="utf-8")
            os.replace(partial, self.path)
        except OSError:  # a full disk shall not end the run for this
            return

    def close(self) -> None:
        """Remove the file: the run is over."""
        self.path.unlink(missing_ok=True)


def read_phase(run_dir: Path) -> Phase | None:
    """Read the phase of a run; None where it is not known, as for a run that is over."""
    try:
        found = json.loads((run_dir / NAME).read_text(encoding="utf-8"))
        usual = {str(name): float(seconds) for name, seconds in found["usual"].items()}
        return Phase(int(found["step"]), str(found["name"]), float(found["began"]), usual)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
