"""The parts of a step in which the trainer waits for its workers, watched: a hang is named, and ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.monitor.stuck import StuckWatch

if TYPE_CHECKING:
    from verl.trainer.ppo.v1.trainer_base import PPOTrainer

    # What stands behind the mixin; at run time it is a mixin of nothing.
    Upstream = PPOTrainer
else:
    Upstream = object

# Methods of a trainer of verl's, and what they do. None of them waits for responses: the replay buffer sees those.
PARTS = {
    "_compute_old_log_prob": "the pass for old log-probs",
    "_compute_ref_log_prob": "the pass of the reference",
    "_compute_values": "the values of the critic",
    "_update_critic": "the update of the critic",
    "_update_actor": "the update of the actor",
    "_save_checkpoint": "the checkpoint",
    "on_sample_end": "the release of the rollout's memory",
    "on_step_end": "the transfer of weights to the rollout",
}


class WatchedParts(Upstream):
    """Mixin in front of an upstream trainer."""

    config: Any
    global_steps: int
    _stuck: StuckWatch | None = None

    def fit(self, *args: Any, **kwargs: Any) -> None:
        """Watch from now on, if this is the thread that an interrupt reaches."""
        if threading.current_thread() is threading.main_thread():
            self._stuck = StuckWatch(still_config(self.config).guard)
        super().fit(*args, **kwargs)


def _watched(method: str, what: str) -> Callable[..., Any]:
    def call(self: WatchedParts, *args: Any, **kwargs: Any) -> Any:
        upstream = getattr(super(WatchedParts, self), method)
        if self._stuck is None:
            return upstream(*args, **kwargs)
        with self._stuck.part(what, self.global_steps):
            return upstream(*args, **kwargs)

    call.__name__ = method
    call.__doc__ = f"Watch {what}."
    return call


for _method, _what in PARTS.items():
    setattr(WatchedParts, _method, _watched(_method, _what))
