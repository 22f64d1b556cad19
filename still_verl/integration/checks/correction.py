"""The correction for vLLM's probabilities: what it does to a token must be what the loss makes of its weight."""

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError

KEY = "algorithm.rollout_correction.rollout_is_threshold"
GEOMETRIC_MEAN = "geo_mean"  # of a response's weights: a single weight of 0 leaves nothing of the whole response


def check_correction(config: DictConfig) -> None:
    """Refuse weights of 0, which leave out a token, beside a loss that multiplies the weights of a response.

    Raises:
        ConfigError: names both settings and the fix.
    """
    correction = config.algorithm.get("rollout_correction")
    mode = config.actor_rollout_ref.actor.policy_loss.loss_mode
    if correction is None or mode != GEOMETRIC_MEAN or correction.get("rollout_is") is None:
        return
    threshold = correction.get("rollout_is_threshold")
    if "_" in str(threshold):  # a lower bound, too: below it a weight is 0
        raise ConfigError(
            f"{KEY}={threshold} beside actor_rollout_ref.actor.policy_loss.loss_mode={mode}: a token that is left out "
            "would leave out its whole response; set still/correction=tis"
        )
