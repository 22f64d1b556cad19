"""Whether a job has a critic, and what it needs without an accelerator."""

import warnings
from pathlib import Path

from omegaconf import DictConfig
from transformers import AutoConfig
from verl.trainer.ppo.utils import need_critic

from still_verl.config_errors import ConfigError


def has_critic(config: DictConfig) -> bool:
    """Return whether verl gives the job a critic."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # verl warns of a job without one when it starts, too
        return bool(need_critic(config))


def check_critic(config: DictConfig) -> None:
    """Check that a critic, if the job has one, can be built on CPU.

    Raises:
        ConfigError: names the setting, its value and the fix.
    """
    if not has_critic(config):
        return
    strategy, path = config.critic.strategy, Path(str(config.critic.model.path)).expanduser()
    if strategy != "fsdp2":
        raise ConfigError(
            f"critic.strategy={strategy}: with still/device=cpu only fsdp2 has an engine; set it to fsdp2"
        )
    if not path.is_dir():
        return  # a name on a hub, which is loaded later
    from still_verl.integration.cpu.engine import token_classifier

    try:
        token_classifier(AutoConfig.from_pretrained(path))
    except KeyError as error:
        raise ConfigError(
            f"critic.model.path={path}: transformers has no token classifier of this architecture, which a critic is; "
            "name another model, or use an estimator without a critic (algorithm.adv_estimator=grpo)"
        ) from error
