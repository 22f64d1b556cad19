"""The bounds of the policy loss: what they bound differs from loss to loss, and so does their size."""

from omegaconf import DictConfig

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.dynamics.numbers import NODE, numbers
from still_verl.dynamics.schedules import values_of
from still_verl.integration.checks.run_length import run_length
from still_verl.integration.checks.schedules import nominal_length

LOW, HIGH = "clip_ratio_low", "clip_ratio_high"
WHOLE_RESPONSE = "gspo"  # its ratio is a geometric mean over the tokens of a response
TOKENS = ("vanilla", "geo_mean", "clip_cov", "kl_cov", "dppo_tv", "cispo")
BETWEEN = 0.01  # GSPO's paper has 4e-4; PPO's and all that follow it have 0.05 to 1.0


def check_clip(config: DictConfig, still: StillConfig) -> None:
    """Refuse bounds of another loss's scale: nothing would ever be clipped, or nearly everything.

    Raises:
        ConfigError: names loss and bound, and the fix.
    """
    actor = config.actor_rollout_ref.actor
    mode = actor.policy_loss.loss_mode
    driven = numbers(still.schedules)
    for key in (LOW, HIGH):
        if key in driven:
            values = values_of(driven[key], run_length(config) or nominal_length(driven[key]))
            for bound in (min(values), max(values)):
                check_bound(f"{NODE}.{key}={bound:g}", mode, bound)
        else:
            bound = actor[key] if actor[key] is not None else actor.clip_ratio
            check_bound(f"actor_rollout_ref.actor.{key}={bound:g}", mode, bound)


def check_bound(setting: str, mode: str, bound: float) -> None:
    """Refuse one bound."""
    said = f"{setting} beside actor_rollout_ref.actor.policy_loss.loss_mode={mode}"
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
