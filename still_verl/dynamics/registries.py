"""What a job may choose by name for its training dynamics; docs/extend.md shows how to write each of your own."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from still_verl.registry import Registry

if TYPE_CHECKING:
    from still_verl.dynamics.curriculum import Chooser
    from still_verl.dynamics.schedules import Schedule
    from still_verl.dynamics.selection import Rule

SCHEDULES: "Registry[Schedule]" = Registry(
    "kind",
    "a function (settings, time, total) -> value",
    {
        "constant": "still_verl.dynamics.schedules.constant",
        "linear": "still_verl.dynamics.schedules.linear",
        "cosine": "still_verl.dynamics.schedules.cosine",
        "piecewise": "still_verl.dynamics.schedules.piecewise",
        "released_code": "still_verl.dynamics.schedules.released_code",
    },
    arguments=3,
)

SELECTION_RULES: "Registry[Rule]" = Registry(
    "still.selection.rules",
    "a function (group, settings) -> mask",
    {
        "overlong": "still_verl.dynamics.selection.overlong",
        "void": "still_verl.dynamics.selection.void",
        "accuracy": "still_verl.dynamics.selection.accuracy",
        "question": "still_verl.dynamics.selection.question",
        "response": "still_verl.dynamics.selection.response",
    },
    arguments=2,
)

CHOOSERS: "Registry[Chooser]" = Registry(
    "still.curriculum.choose",
    "a function (belief, settings, random) -> numbers",
    {
        "thompson": "still_verl.dynamics.curriculum.thompson",
        "shuffled": "still_verl.dynamics.curriculum.shuffled",
    },
    arguments=3,
)


def _is_callback(found: Any) -> bool:
    """Callbacks are built with the job's config, so that only a class with the hooks will do."""
    return isinstance(found, type) and hasattr(found, "on_step_begin") and hasattr(found, "state_dict")


# In the order in which they are called: those that a job names come before the monitor, which so sees what all did.
CALLBACKS: Registry[Callable[[Any], Any]] = Registry(
    "still.callbacks",
    "a subclass of still_verl.integration.callbacks.base.Callback",
    {
        "kl": "still_verl.integration.callbacks.kl.Kl",
        "verl_kl": "still_verl.integration.callbacks.verl_kl.VerlKl",
        "reference": "still_verl.integration.callbacks.reference.ReferenceReset",
        "entropy": "still_verl.integration.callbacks.entropy.Entropy",
        "schedules": "still_verl.integration.callbacks.schedules.Schedules",
        "sampling": "still_verl.integration.callbacks.sampling.Sampling",
        "curriculum": "still_verl.integration.callbacks.curriculum.Curriculum",
        "selection": "still_verl.integration.callbacks.selection.Selection",
        "phase": "still_verl.integration.callbacks.phase.PhaseOfStep",
        "monitor": "still_verl.integration.callbacks.monitor.Monitor",
    },
    _is_callback,
    arguments=1,  # the job's config
)
