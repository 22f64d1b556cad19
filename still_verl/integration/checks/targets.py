"""Targets of what is measured for each token: one that was meant for a whole response would never be reached."""

import math

from omegaconf import DictConfig

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.dynamics.schedules import ADAPTIVE
from still_verl.integration.checks.model import Model

MOST_KL = 1.0  # nats of a token; two policies so far apart have little in common, and runs are kept near 0.01
LENGTH = "data.max_response_length"


def check_targets(config: DictConfig, still: StillConfig, model: Model | None) -> None:
    """Refuse targets and bounds that belong to a whole response: everything here is a mean over tokens.

    Args:
        model: the job's; None if it is not on this machine.

    Raises:
        ConfigError: names the target, the length of a response or the vocabulary, and the fix.
    """
    check_kl(config, "still.kl.target", still.kl.target if still.kl.kind == ADAPTIVE else None)
    check_kl(config, "still.reference.reset_above", still.reference.reset_above)
    if still.entropy.kind == ADAPTIVE and model is not None:
        check_entropy(still.entropy.target, model.vocabulary)


def check_kl(config: DictConfig, key: str, value: float | None) -> None:
    """Refuse a KL that no two policies have for each token."""
    if value is None or value <= MOST_KL:
        return
    tokens = config.data.max_response_length
    raise ConfigError(
        f"{key}={value:g}: it is compared with nats of a token, and these would be {value * tokens:g} in a response of "
        f"{LENGTH}={tokens}; one for a whole response (arXiv 1909.08593 has 6) is divided by its tokens: set "
        f"{key}={value / tokens:.2g}"
    )


def check_entropy(value: float | None, vocabulary: int) -> None:
    """Refuse an entropy that no token has: at most the logarithm of the vocabulary."""
    most = math.log(vocabulary)
    if value is None or value < most:
        return
    raise ConfigError(
        f"still.entropy.target={value:g}: nats of a token, which has at most {most:.3g} with the {vocabulary} tokens "
        "of actor_rollout_ref.model.path; one for a whole response is divided by its tokens: use a target such as 0.2"
    )
