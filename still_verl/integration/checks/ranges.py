"""Numbers of verl's that cannot work outside of a range; verl checks few of them, and most only in a worker."""

from dataclasses import dataclass

from omegaconf import DictConfig, OmegaConf

from still_verl.config_errors import ConfigError


@dataclass(frozen=True)
class Range:
    """The numbers that a setting may have.

    Attributes:
        low, high: both ends, which are allowed unless `above` says that the low one is not.
        whole: whether it is a count.
    """

    low: float
    high: float = float("inf")
    whole: bool = False
    above: bool = False

    def has(self, value: float) -> bool:
        """Say whether a number is in it; NaN is in none."""
        if self.above and value == self.low:
            return False
        return self.low <= value <= self.high

    @property
    def words(self) -> str:
        """Say what is allowed."""
        kind = "a whole number" if self.whole else "a number"
        low = f"above {self.low:g}" if self.above else f"of at least {self.low:g}"
        if self.high == float("inf"):
            return f"{kind} {low}"
        return f"{kind} {low} and at most {self.high:g}"


COUNT = Range(1, whole=True)
NONE_OR_MORE = Range(0, whole=True)
OFF_OR_MORE = Range(-1, whole=True)
POSITIVE = Range(0, above=True)
NOT_NEGATIVE = Range(0)
SHARE = Range(0, 1)
PART = Range(0, 1, above=True)

# Each only where it is set: some are null until a user gives them.
RANGES = {
    "data.train_batch_size": COUNT,
    "data.gen_batch_size": COUNT,
    "data.max_prompt_length": COUNT,
    "data.max_response_length": COUNT,
    "data.dataloader_num_workers": NONE_OR_MORE,
    "trainer.nnodes": COUNT,
    "trainer.n_gpus_per_node": COUNT,
    "trainer.total_epochs": COUNT,
    "trainer.total_training_steps": COUNT,
    "trainer.save_freq": OFF_OR_MORE,
    "trainer.test_freq": OFF_OR_MORE,
    "trainer.critic_warmup": NONE_OR_MORE,
    "trainer.v1.separate_async.parameter_sync_step": COUNT,
    "trainer.v1.separate_async.num_warmup_batches": NOT_NEGATIVE,
    "trainer.v1.colocate_async.num_warmup_batches": NOT_NEGATIVE,
    "reward.num_workers": COUNT,
    "algorithm.gamma": SHARE,
    "algorithm.lam": SHARE,
    "algorithm.kl_ctrl.kl_coef": NOT_NEGATIVE,
    "algorithm.kl_ctrl.target_kl": POSITIVE,
    "actor_rollout_ref.actor.ppo_mini_batch_size": COUNT,
    "actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu": COUNT,
    "actor_rollout_ref.actor.ppo_max_token_len_per_gpu": COUNT,
    "actor_rollout_ref.actor.ppo_epochs": COUNT,
    "actor_rollout_ref.actor.clip_ratio": POSITIVE,
    "actor_rollout_ref.actor.clip_ratio_low": NOT_NEGATIVE,
    "actor_rollout_ref.actor.clip_ratio_high": NOT_NEGATIVE,
    "actor_rollout_ref.actor.clip_ratio_c": Range(1, above=True),
    "actor_rollout_ref.actor.kl_loss_coef": NOT_NEGATIVE,
    "actor_rollout_ref.actor.grad_clip": POSITIVE,
    "actor_rollout_ref.actor.optim.lr": NOT_NEGATIVE,
    "actor_rollout_ref.actor.optim.weight_decay": NOT_NEGATIVE,
    "actor_rollout_ref.rollout.n": COUNT,
    "actor_rollout_ref.rollout.temperature": Range(0.01),
    "actor_rollout_ref.rollout.top_p": PART,
    "actor_rollout_ref.rollout.max_model_len": COUNT,
    "actor_rollout_ref.rollout.max_num_seqs": COUNT,
    "actor_rollout_ref.rollout.max_num_batched_tokens": COUNT,
    "actor_rollout_ref.rollout.gpu_memory_utilization": PART,
    "actor_rollout_ref.rollout.tensor_model_parallel_size": COUNT,
    "actor_rollout_ref.rollout.agent.num_workers": COUNT,
    "actor_rollout_ref.rollout.val_kwargs.n": COUNT,
    "actor_rollout_ref.rollout.val_kwargs.temperature": NOT_NEGATIVE,
    "actor_rollout_ref.rollout.val_kwargs.top_p": PART,
    "actor_rollout_ref.model.lora_rank": NONE_OR_MORE,
    "critic.optim.lr": NOT_NEGATIVE,
}


def check_ranges(config: DictConfig) -> None:
    """Check every number of the table.

    Raises:
        ConfigError: names the first that is out of its range.
    """
    for key, allowed in RANGES.items():
        value = OmegaConf.select(config, key)
        if value is None:
            continue
        number = isinstance(value, int if allowed.whole else int | float) and not isinstance(value, bool)
        if not number or not allowed.has(value):
            raise ConfigError(f"{key}={value}: use {allowed.words}")
