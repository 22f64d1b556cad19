"""How a job is divided: devices into replicas and groups, tokens into micro-batches; verl asserts it in its workers."""

import math
from importlib import import_module

from omegaconf import DictConfig, OmegaConf

from still_verl.config_errors import ConfigError, one_of
from still_verl.integration.checks.critic import has_critic
from still_verl.integration.checks.upstream import class_of

AR = "actor_rollout_ref"
FSDP = ("fsdp", "fsdp2")


def check_devices(config: DictConfig) -> None:
    """Check strategy, replicas, sequence parallelism and the sizes of mini-batches and micro-batches.

    Raises:
        ConfigError: names the setting, its value and the fix.
    """
    check_strategy(config)
    rollout, devices = config.actor_rollout_ref.rollout, config.trainer.nnodes * config.trainer.n_gpus_per_node
    replica = rollout.tensor_model_parallel_size * rollout.data_parallel_size * rollout.pipeline_model_parallel_size
    if devices % replica:
        raise ConfigError(
            f"{AR}.rollout.tensor_model_parallel_size={rollout.tensor_model_parallel_size}: a replica of {replica} "
            f"devices (with data and pipeline parallelism) does not divide the {devices} of trainer.nnodes times "
            "trainer.n_gpus_per_node; use a divisor"
        )
    parallel = sequence_parallel(config)
    if devices % parallel:
        raise ConfigError(
            f"{AR}.actor.ulysses_sequence_parallel_size={parallel}: no divisor of the {devices} devices; use one"
        )
    check_mini_batches(config, devices // parallel)
    check_micro_batch_size(config)
    if config.actor_rollout_ref.actor.use_dynamic_bsz:
        check_micro_batch(config, f"{AR}.actor.ppo_max_token_len_per_gpu", parallel)
    if rollout.log_prob_use_dynamic_bsz:
        check_micro_batch(config, f"{AR}.rollout.log_prob_max_token_len_per_gpu", parallel)


def sequence_parallel(config: DictConfig) -> int:
    """Return how many devices share a sequence; 1 where the strategy has no such setting."""
    actor = config.actor_rollout_ref.actor
    sizes = [1]
    for key in ("ulysses_sequence_parallel_size", "fsdp_config.ulysses_sequence_parallel_size"):
        sizes.append(OmegaConf.select(actor, key) or 1)
    return max(sizes)


def check_mini_batches(config: DictConfig, ranks: int) -> None:
    """Check that each rank gets as many samples of a mini-batch: verl asserts it in the first update.

    Args:
        config: of the job.
        ranks: that share a mini-batch; other engines than FSDP divide their devices in more ways.
    """
    actor, samples = config.actor_rollout_ref.actor, config.actor_rollout_ref.rollout.n
    sizes = {}
    if actor.strategy in FSDP:
        sizes[f"{AR}.actor.ppo_mini_batch_size"] = actor.ppo_mini_batch_size
    if has_critic(config) and config.critic.strategy in FSDP:
        sizes["critic.ppo_mini_batch_size"] = config.critic.ppo_mini_batch_size
    for key, prompts in sizes.items():
        if prompts * samples % ranks:
            fitting = ranks // math.gcd(ranks, samples)
            raise ConfigError(
                f"{key}={prompts}: its {prompts * samples} samples ({AR}.rollout.n={samples} of each prompt) are not a "
                f"multiple of the {ranks} ranks; use a multiple of {fitting}, or another {AR}.rollout.n"
            )


def check_micro_batch_size(config: DictConfig) -> None:
    """Check that the size of a micro-batch is given where it does not follow from tokens."""
    actor = config.actor_rollout_ref.actor
    if actor.use_dynamic_bsz or actor.ppo_micro_batch_size or actor.ppo_micro_batch_size_per_gpu:
        return
    raise ConfigError(
        f"{AR}.actor.use_dynamic_bsz=false: how many samples are a micro-batch? give "
        f"{AR}.actor.ppo_micro_batch_size_per_gpu, or set it to true"
    )


def check_micro_batch(config: DictConfig, key: str, parallel: int) -> None:
    """Check that the longest sequence fits into a micro-batch: verl ends the run at the first that does not."""
    tokens = OmegaConf.select(config, key)
    needed = config.data.max_prompt_length + config.data.max_response_length
    if tokens is not None and tokens * parallel < needed:
        raise ConfigError(
            f"{key}={tokens}: a sequence may have {needed} tokens (data.max_prompt_length and "
            f"data.max_response_length) on {parallel} device(s); raise it to {-(-needed // parallel)}"
        )


def check_strategy(config: DictConfig) -> None:
    """Check that actor and reference have the strategy of the engine that `model_engine` chose, and its optimizer."""
    for name in ("actor", "ref"):
        node = config.actor_rollout_ref[name]
        own = class_of(node).strategy
        known = ["fsdp", "fsdp2"] if own == "fsdp" else [own]
        one_of(f"{AR}.{name}.strategy (another engine: model_engine=NAME)", node.strategy, known)
    optim = config.actor_rollout_ref.actor.optim
    module, name = optim.get("optimizer_impl"), optim.get("optimizer")
    if module is None:  # of Megatron and others, which look names up elsewhere
        return
    try:
        found = import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"{AR}.actor.optim.optimizer_impl={module}: {error}; install it, or use torch.optim"
        ) from error
    if not hasattr(found, name):
        one_of(f"{AR}.actor.optim.optimizer", name, [other for other in dir(found) if other[:1].isupper()])
