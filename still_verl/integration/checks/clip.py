"""The bounds of the policy loss: what they bound differs from loss to loss, and so does their size."""

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError

LOW, HIGH = "clip_ratio_low", "clip_ratio_high"
WHOLE_RESPONSE = "gspo"  # its ratio is a geometric mean over the tokens of a response
TOKENS = ("vanilla", "geo_mean", "clip_cov", "kl_cov", "dppo_tv")
BETWEEN = 0.01  # GSPO's paper has 4e-4; PPO's and all that follow it have 0.05 to 1.0


def check_clip(config: DictConfig) -> None:
    """Refuse bounds of another loss's scale: nothing would ever be clipped, or nearly everything.

    Raises:
        ConfigError: names loss and bound, and the fix.
    """
    actor = config.actor_rollout_ref.actor
    mode = actor.policy_loss.loss_mode
    for key in (LOW, HIGH):
        bound = actor[key] if actor[key] is not None else actor.clip_ratio
        said = f"actor_rollout_ref.actor.{key}={bound:g} beside actor_rollout_ref.actor.policy_loss.loss_mode={mode}"
        if mode == WHOLE_RESPONSE and bound > BETWEEN:
            raise ConfigError(
                f"{said}: the ratio of a whole response hardly moves, so that nothing would be clipped; set "
                "still/loss=gspo, which has the paper's 3e-4 and 4e-4"
            )
        if mode in TOKENS and 0 < bound < BETWEEN:
            raise ConfigError(
                f"{said}: nearly every token would be clipped; these bounds are those of loss_mode={WHOLE_RESPONSE}. "
                "Set still/loss=gspo, or still/clip=higher"
            )
