"""What the callbacks of adaptive coefficients share."""

from __future__ import annotations

from typing import Any

from still_verl.dynamics.coefficient import Coefficient


def resume(coefficient: Coefficient, name: str, adapted: float | None) -> None:
    """Let a coefficient go on from a checkpoint, and say so where it begins anew.

    Args:
        coefficient: of the job.
        name: of the setting, such as `still.kl`.
        adapted: the `Coefficient.state` that the checkpoint has.
    """
    if not coefficient.restore(adapted):
        start = f"{name}.start={coefficient.adapted:g}"
        print(f"still_verl: {name} was not adaptive in the checkpoint, so it begins at {start}")


def observe(coefficient: Coefficient, name: str, measured: str, metrics: dict[str, Any], step: int) -> None:
    """Let a coefficient follow what the workers measured in a step, and say so where it cannot.

    Args:
        name: of the setting, such as `still.kl`.
        measured: the metric that it follows; there is none in a step without an update.
        metrics: of the step.
        step: its number.
    """
    if not coefficient.adaptive or "actor/loss" not in metrics:
        return
    seen = metrics.get(measured)
    if seen is None or not coefficient.observe(seen):
        # Printed: verl's vLLM server hides whatever is logged below an error.
        print(f"still_verl: step {step}: {measured} is {seen}, so {name} keeps its coefficient {coefficient.adapted:g}")
