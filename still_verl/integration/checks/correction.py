"""The correction for vLLM's probabilities: what it does to a token must be what the loss makes of its weight."""

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError

NODE = "algorithm.rollout_correction"
KEY = f"{NODE}.rollout_is_threshold"
LOG_PROBS = "actor_rollout_ref.rollout.calculate_log_probs"
GEOMETRIC_MEAN = "geo_mean"  # of a response's weights: a single weight of 0 leaves nothing of the whole response


def check_correction(config: DictConfig) -> None:
    """Look at what a correction reads, and at what reads it.

    Raises:
        ConfigError: names both settings and the fix.
    """
    correction = config.algorithm.get("rollout_correction")
    if correction is None:
        return
    check_log_probs(config, correction)
    check_weights_of_zero(config, correction)


def check_log_probs(config: DictConfig, correction: DictConfig) -> None:
    """Refuse a correction without the engine's log-probs: verl would correct nothing, in silence."""
    wanted = [name for name in ("rollout_is", "rollout_rs") if correction.get(name) is not None]
    if correction.get("bypass_mode"):
        wanted.append("bypass_mode")
    if wanted and not config.actor_rollout_ref.rollout.calculate_log_probs:
        raise ConfigError(
            f"{LOG_PROBS}=false beside {NODE}.{wanted[0]}={correction[wanted[0]]}: without the rollout's log-probs "
            "nothing can be corrected; set it to true, or set still/correction=none"
        )


def check_weights_of_zero(config: DictConfig, correction: DictConfig) -> None:
    """Refuse weights of 0, which leave out a token, beside a loss that multiplies the weights of a response."""
    mode = config.actor_rollout_ref.actor.policy_loss.loss_mode
    if mode != GEOMETRIC_MEAN or correction.get("rollout_is") is None:
        return
    threshold = correction.get("rollout_is_threshold")
    if "_" in str(threshold):  # a lower bound, too: below it a weight is 0
        raise ConfigError(
            f"{KEY}={threshold} beside actor_rollout_ref.actor.policy_loss.loss_mode={mode}: a token that is left out "
            "would leave out its whole response; set still/correction=tis"
        )
