"""The learning rate of a worker's optimizer, which verl's own scheduler of rates drives too."""

from __future__ import annotations

from typing import Any

import torch

FIELD = "optim.lr"  # in verl's `ActorConfig`


def set_rate(engine: Any, rate: float) -> None:
    """Let an engine of FSDP train with a rate from its next update on.

    After each step verl's scheduler sets its base rate once more, times its factor of the warm-up and decay. So the
    base is what changes, and verl's own metric `actor/lr` shows the new rate, too.
    """
    scheduler = engine.lr_scheduler
    scheduler.base_lrs = [rate] * len(scheduler.base_lrs)
    for group, factor in zip(engine.optimizer.param_groups, scheduler.lr_lambdas, strict=True):
        value = rate * factor(scheduler.last_epoch)
        if isinstance(group["lr"], torch.Tensor):  # of optimizers that are compiled
            group["lr"].fill_(value)
        else:
            group["lr"] = value


def rate_of(engine: Any) -> float:
    """Return the rate that the next update of an engine has."""
    return float(engine.optimizer.param_groups[0]["lr"])
