"""The critic's loss."""

from __future__ import annotations

from functools import partial
from typing import Any

from verl.utils.config import omega_conf_to_dataclass
from verl.workers.utils.losses import value_loss


def critic_loss(critic_config: Any) -> partial[tuple[Any, dict[str, Any]]]:
    """Return upstream's loss of a critic with this config, for mini-batches of padding alone too."""
    return partial(padded_value_loss, config=omega_conf_to_dataclass(critic_config))


def padded_value_loss(*, config: Any, data: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    """Compute verl's `value_loss`; that of a mini-batch of padding alone is 0, where upstream's is NaN.

    Selection may leave so few samples that one of several mini-batches gets none. A NaN would stay in the weights.
    """
    if data["batch_num_tokens"] == 0:
        from verl.utils import tensordict_utils as tu

        tu.assign_non_tensor(data, batch_num_tokens=1)
    loss, metrics = value_loss(config=config, data=data, **kwargs)
    return loss, metrics
