"""The loss of the actor: the one that a worker has, with coefficients that change from step to step.

`LossSettings` is what callbacks set in the trainer; `SteppedLoss` is what a worker calls.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

from verl.utils import tensordict_utils as tu
from verl.utils.config import omega_conf_to_dataclass

from still_verl.integration.old_log_probs import fill_in
from still_verl.integration.per_token import token_sums

# As verl's engines call it: (model_output=, data=, dp_group=) -> (loss, metrics)
Loss = Callable[..., Any]
_ESTIMATOR = "low_var_kl"  # of the KL, for a loss that has no `ActorConfig`; verl's default


class SteppedLoss:
    """Any loss, verl's or one of a user's own, with the coefficients of the step.

    A mini-batch of padding alone has no token to divide by: its loss is 0, where upstream's is NaN. Selection may leave
    so few samples that one of several mini-batches gets none.
    """

    def __init__(self, loss: Loss, values: dict[str, Any]) -> None:
        """Set fields of the `ActorConfig` that a loss is bound to.

        Args:
            loss: a `functools.partial` with a keyword `config`, as verl's are; without values, any function.
            values: by the name of the field.

        Raises:
            TypeError: the loss has no config that the values could be set in.
        """
        self.config = _config_of(loss)
        if values:
            if self.config is None:
                raise TypeError(
                    f"the loss {loss!r:.120} takes no `config`, so {', '.join(values)} cannot be set: "
                    "give `set_loss_fn` a partial(loss, config=ACTOR_CONFIG), or do not schedule its coefficients"
                )
            self.config = dataclasses.replace(self.config, **values)
            loss = partial(loss, config=self.config)
        self.loss = loss

    def __call__(self, **call: Any) -> Any:
        """Compute loss and metrics, the coefficients that were used among these."""
        if "model_output" not in call:
            return self.loss(**call)  # verl's distillation looks at logits with the same function
        data = call["data"]
        fill_in(data, call["model_output"].get("log_probs"))
        if data["batch_num_tokens"] == 0:
            tu.assign_non_tensor(data, batch_num_tokens=1)
        loss, metrics = self.loss(**call)
        estimator = _ESTIMATOR
        if self.config is not None:
            estimator = self.config.kl_loss_type
            metrics["kl_coef"] = self.config.kl_loss_coef if self.config.use_kl_loss else 0.0
            metrics["entropy_coef"] = self.config.entropy_coeff
        return loss, metrics | token_sums(call["model_output"], data, estimator)


def _config_of(loss: Loss) -> Any:
    if isinstance(loss, partial):
        return loss.keywords.get("config")
    return None


class LossSettings:
    """The actor's loss settings of a run, sent to the workers when they change, in one call."""

    def __init__(self, actor_config: Any) -> None:
        self._config = omega_conf_to_dataclass(actor_config)
        self._sent: dict[str, Any] = {}
        self._values: dict[str, Any] = {}

    def set(self, **values: Any) -> None:
        """Set fields of verl's `ActorConfig` from now on.

        Raises:
            TypeError: there is no such field.
        """
        dataclasses.replace(self._config, **values)
        self._values |= values

    def send(self, workers: Any) -> None:
        """Give all workers the present values. Nothing is sent while nothing changes."""
        if self._values != self._sent:
            workers.set_loss_values(self._values)
            self._sent = dict(self._values)
