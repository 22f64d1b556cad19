"""The loss of the actor: the one that a worker has, with coefficients that change from step to step.

`LossSettings` is what callbacks set in the trainer; `SteppedLoss` is what a worker calls.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

from verl.utils import tensordict_utils as tu
from verl.utils.config import omega_conf_to_dataclass

from still_verl.integration.learning_rate import FIELD
from still_verl.integration.old_log_probs import fill_in
from still_verl.integration.per_token import token_sums

# As verl's engines call it: (model_output=, data=, dp_group=) -> (loss, metrics)
Loss = Callable[..., Any]
# Numbers that the loss logs under names of its own.
_LOGGED = ("kl_loss_coef", "entropy_coeff")
_ESTIMATOR = "low_var_kl"  # of the KL, for a loss that has no `ActorConfig`; verl's default


class SteppedLoss:
    """Any loss, verl's or one of a user's own, with the coefficients of the step.

    A mini-batch of padding alone has no token to divide by: its loss is 0, where upstream's is NaN. Selection may leave
    so few samples that one of several mini-batches gets none.
    """

    def __init__(self, loss: Loss, values: dict[str, Any], rate: Callable[[], float] | None = None) -> None:
        """Set fields of the `ActorConfig` that a loss is bound to.

        Args:
            loss: a `functools.partial` with a keyword `config`, as verl's are; without values, any function.
            values: by the name of the field, dotted below another one. The learning rate is the optimizer's to use.
            rate: returns the learning rate that the optimizer has, where it is driven.

        Raises:
            TypeError: the loss has no config that the values could be set in.
        """
        self.config = _config_of(loss)
        self._rate = rate
        fields = {name: value for name, value in values.items() if name != FIELD}
        self._driven = [name for name in fields if name not in _LOGGED]
        if fields:
            if self.config is None:
                raise TypeError(
                    f"the loss {loss!r:.120} takes no `config`, so {', '.join(fields)} cannot be set: "
                    "give `set_loss_fn` a partial(loss, config=ACTOR_CONFIG), or do not schedule its coefficients"
                )
            self.config = with_values(self.config, fields)
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
        metrics |= self._used()
        return loss, metrics | token_sums(call["model_output"], data, estimator)

    def _used(self) -> dict[str, float]:
        """Return the driven numbers as they are where the update reads them."""
        used = {} if self._rate is None else {"used/lr": self._rate()}
        for name in self._driven:
            value = attrgetter(name)(self.config)
            if isinstance(value, int | float) and not isinstance(value, bool):
                used[f"used/{name}"] = value
        return used


def with_values(config: Any, values: dict[str, Any]) -> Any:
    """Return a dataclass with other values, by the names of its fields, dotted below another dataclass.

    Raises:
        TypeError: there is no such field.
    """
    for name, value in values.items():
        field, _, below = name.partition(".")
        new = with_values(getattr(config, field, None), {below: value}) if below else value
        config = dataclasses.replace(config, **{field: new})
    return config


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
        """Set fields of verl's `ActorConfig` from now on; `**{"optim.lr": 1e-6}` sets one below another.

        Raises:
            TypeError: there is no such field.
        """
        with_values(self._config, values)
        self._values |= values

    def send(self, workers: Any) -> None:
        """Give all workers the present values. Nothing is sent while nothing changes."""
        if self._values != self._sent:
            workers.set_loss_values(self._values)
            self._sent = dict(self._values)
