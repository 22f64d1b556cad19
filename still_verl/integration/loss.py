"""The actor's loss with coefficients that change from step to step."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

from verl.utils.config import omega_conf_to_dataclass
from verl.workers.utils.losses import ppo_loss


def policy_loss(*, config: Any, data: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    """Compute verl's `ppo_loss`, and log the coefficients that it used, on the worker that used them.

    A mini-batch of padding alone has no token to divide by: its loss is 0, where upstream's is NaN. Selection may leave
    so few samples that one of several mini-batches gets none.
    """
    if data["batch_num_tokens"] == 0:
        from verl.utils import tensordict_utils as tu

        tu.assign_non_tensor(data, batch_num_tokens=1)
    loss, metrics = ppo_loss(config=config, data=data, **kwargs)
    metrics["kl_coef"] = config.kl_loss_coef if config.use_kl_loss else 0.0
    metrics["entropy_coef"] = config.entropy_coeff
    return loss, metrics


class LossSettings:
    """The actor's loss settings of a run, sent to the workers when they change (`set_loss_fn`, one call a step)."""

    def __init__(self, actor_config: Any) -> None:
        self._config = omega_conf_to_dataclass(actor_config)
        self._sent: dict[str, Any] | None = None
        self._values: dict[str, Any] = {}

    def set(self, **values: Any) -> None:
        """Set fields of verl's `ActorConfig` from now on."""
        self._values |= values

    def send(self, workers: Any) -> None:
        """Give all workers the loss with the present values. Nothing is sent while nothing was ever set."""
        if not self._values or self._values == self._sent:
            return
        config = dataclasses.replace(self._config, **self._values)
        workers.set_loss_fn(partial(policy_loss, config=config))
        self._sent = dict(self._values)
