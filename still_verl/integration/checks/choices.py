"""Names that verl looks up while it trains: each must be one that verl knows, or that a plugin registered."""

from collections.abc import Iterable

import torch
from omegaconf import DictConfig, OmegaConf
from verl.trainer.ppo.core_algos import (
    ADV_ESTIMATOR_REGISTRY,
    POLICY_LOSS_REGISTRY,
    get_kl_controller,
    kl_penalty,
)
from verl.utils.import_utils import import_external_libs
from verl.utils.tracking import Tracking
from verl.workers.rollout.replica import RolloutReplicaRegistry

from still_verl.config_errors import ConfigError, one_of
from still_verl.registry import in_one_line

LOSS_AGGREGATIONS = (
    "token-mean",
    "token-sum",
    "seq-mean-token-sum",
    "seq-mean-token-mean",
    "seq-mean-token-sum-norm",
)
KL_ESTIMATORS = ("kl", "k1", "abs", "mse", "k2", "low_var_kl", "k3")
RESUME_MODES = ("auto", "disable", "resume_path")


def check_choices(config: DictConfig) -> None:
    """Look up every name.

    Raises:
        ConfigError: names the key, the value, what is known and the nearest of it.
    """
    load_external(config)
    # Not above: filled while it is imported, and it takes seconds.
    import verl.trainer.ppo.v1  # noqa: F401
    from verl.experimental.reward_loop.reward_manager.registry import REWARD_MANAGER
    from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY

    known: dict[str, Iterable[str]] = {
        "trainer.v1.trainer_mode": TRAINER_REGISTRY,
        "algorithm.adv_estimator": ADV_ESTIMATOR_REGISTRY,
        "actor_rollout_ref.actor.policy_loss.loss_mode": POLICY_LOSS_REGISTRY,
        "actor_rollout_ref.actor.loss_agg_mode": LOSS_AGGREGATIONS,
        "actor_rollout_ref.rollout.name": RolloutReplicaRegistry._registry,
        "actor_rollout_ref.rollout.mode": ("async",),
        "trainer.resume_mode": RESUME_MODES,
        "trainer.v1.sampler.max_off_policy_strategy": ("drop", "wait"),
    }
    if "lr_scheduler_type" in config.actor_rollout_ref.actor.optim:
        known["actor_rollout_ref.actor.optim.lr_scheduler_type"] = ("constant", "cosine")
    if config.reward.reward_manager.source == "register":
        known["reward.reward_manager.name"] = REWARD_MANAGER
    for key, names in known.items():
        value = OmegaConf.select(config, key, throw_on_missing=True)
        one_of(key, str(value), [str(name) for name in names])
    check_kl_estimator("actor_rollout_ref.actor.kl_loss_type", config.actor_rollout_ref.actor.kl_loss_type)
    check_kl_estimator("algorithm.kl_penalty", config.algorithm.kl_penalty)
    check_controller(config)
    loggers = config.trainer.logger
    for name in [loggers] if isinstance(loggers, str) else loggers or ():
        one_of("trainer.logger", name, Tracking.supported_backend)


def load_external(config: DictConfig) -> None:
    """Import the user's library as every worker will: it may register names."""
    name = config.actor_rollout_ref.model.get("external_lib")
    try:
        import_external_libs(name)
    except Exception as error:  # whatever a module of the user's own raises
        raise ConfigError(
            f"actor_rollout_ref.model.external_lib={name}: it cannot be imported: {in_one_line(error)}; correct it, "
            "or add its folder to PYTHONPATH"
        ) from error


def check_kl_estimator(key: str, name: str) -> None:
    """Compute a KL as verl would; its names may end in `+`."""
    try:
        kl_penalty(torch.FloatTensor([0]), torch.FloatTensor([0]), name)
    except (NotImplementedError, AttributeError):
        one_of(key, name, KL_ESTIMATORS)
        raise ConfigError(f"{key}={name}: verl has not implemented it; use one of {', '.join(KL_ESTIMATORS)}") from None


def check_controller(config: DictConfig) -> None:
    """Make verl's controller of the KL in the reward, which it makes in every job."""
    control = config.algorithm.kl_ctrl
    one_of("algorithm.kl_ctrl.type", control.type, ("fixed", "adaptive"))
    try:
        get_kl_controller(control)
    except AssertionError as error:
        raise ConfigError(f"algorithm.kl_ctrl.horizon={control.horizon}: use a number of steps above 0") from error
