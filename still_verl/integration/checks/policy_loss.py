"""The actor's loss is computed once, on two made-up responses: each loss of verl's has settings that only it reads."""

import torch
from omegaconf import DictConfig
from verl.trainer.ppo.core_algos import get_policy_loss_fn
from verl.utils.config import omega_conf_to_dataclass

from still_verl.config_errors import ConfigError
from still_verl.integration.checks.upstream import reason

KEY = "actor_rollout_ref.actor.policy_loss.loss_mode"
RESPONSES, TOKENS = 2, 3


def check_policy_loss(config: DictConfig) -> None:
    """Compute the loss of a policy that has not changed, with an advantage of 1 for every token.

    Raises:
        ConfigError: the loss raises, or is no finite number.
    """
    actor = omega_conf_to_dataclass(config.actor_rollout_ref.actor)
    actor.global_batch_info.update(  # what a worker knows of the mini-batch
        dp_size=1, batch_num_tokens=RESPONSES * TOKENS, global_batch_size=RESPONSES, loss_scale_factor=None
    )
    mode, zeros = actor.policy_loss.loss_mode, torch.zeros(RESPONSES, TOKENS)
    try:
        loss, _ = get_policy_loss_fn(mode)(
            old_log_prob=zeros,
            log_prob=zeros.clone().requires_grad_(),
            advantages=zeros + 1,
            response_mask=zeros + 1,
            loss_agg_mode=actor.loss_agg_mode,
            config=actor,
            rollout_is_weights=None,
        )
    except Exception as error:  # of verl's or of the user's own
        raise ConfigError(f"{KEY}={mode}: it cannot be computed: {reason(error)}; give what it needs") from error
    if not bool(torch.isfinite(loss)):
        raise ConfigError(f"{KEY}={mode}: it is {loss.item()} for a policy that has not changed; correct its settings")
