"""The numbers of a config that a plan divides by or multiplies with: each is a whole number of at least 1."""

from omegaconf import DictConfig, OmegaConf

from still_verl.config_errors import ConfigError

KEYS = (
    "data.train_batch_size",
    "data.max_prompt_length",
    "data.max_response_length",
    "actor_rollout_ref.actor.ppo_mini_batch_size",
    "actor_rollout_ref.actor.ppo_epochs",
    "actor_rollout_ref.rollout.n",
    "actor_rollout_ref.rollout.tensor_model_parallel_size",
    "actor_rollout_ref.rollout.max_num_seqs",
    "trainer.nnodes",
    "trainer.n_gpus_per_node",
)
LARGEST = 1_000_000  # also of all responses of a step together


def check_counts(config: DictConfig) -> None:
    """Refuse a number that no job can have.

    Raises:
        ConfigError: names the key.
    """
    for key in KEYS:
        value = OmegaConf.select(config, key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{key}={value}: use a whole number of at least 1")
        if value > LARGEST:
            raise ConfigError(f"{key}={value}: use at most {LARGEST:,}")
    prompts, each = config.data.train_batch_size, config.actor_rollout_ref.rollout.n
    if prompts * each > LARGEST:
        what = f"data.train_batch_size={prompts}, actor_rollout_ref.rollout.n={each}"
        raise ConfigError(f"{what}: {prompts * each:,} responses of a step; a plan counts at most {LARGEST:,}")
