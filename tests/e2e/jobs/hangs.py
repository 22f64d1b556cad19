"""A loss of verl's registry that never comes back in the second step, for `actor.policy_loss.loss_mode=hangs`."""

import time
from typing import Any

from verl.trainer.ppo.core_algos import compute_policy_loss_vanilla, register_policy_loss

CALLS_OF_A_STEP = 1
_calls = 0


@register_policy_loss("hangs")
def hangs(*args: Any, **kwargs: Any) -> Any:
    global _calls
    _calls += 1
    if _calls > CALLS_OF_A_STEP:
        time.sleep(3600)
    return compute_policy_loss_vanilla(*args, **kwargs)
