"""Programs that end because of their sandbox: a package is not there, or a file or a call is refused."""

from dataclasses import dataclass

import numpy as np

from still_verl.monitor.alarms.detectors import BaseDetector, Finding, View

STEPS = 5  # that are looked at, from the beginning of a run on: such a fault is there from its first step
CRITICAL, WARNING = 0.5, 0.2  # of all calls


@dataclass(frozen=True)
class SandboxFaults(BaseDetector):
    """A share of calls that end with ModuleNotFoundError or PermissionError; no change, so that none is waited for."""

    signal: str
    severity: str
    advice: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The signal."""
        return (self.signal,)

    def find(self, view: View) -> Finding | None:
        """Compare the mean of the last steps with two limits."""
        history = view.histories.get(self.signal)
        if history is None or len(history.values) < STEPS:
            return None
        share = history.raw(float(np.mean(history.values[-STEPS:])))
        if share < WARNING:
            return None
        severity = self.severity if share >= CRITICAL else "warning"
        return Finding(severity, f"{share:.0%} of the calls found a package missing or something refused")


SANDBOX_FAULTS = SandboxFaults(
    "sandbox_faults",
    "critical",
    "read samples: install the packages that programs import, or name those that are there "
    "(still.interpreter.packages_in_prompt); run still-verl doctor on each node",
)
