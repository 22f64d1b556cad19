"""What a composed config asks for, in the planner's terms."""

from dataclasses import dataclass
from itertools import pairwise

from omegaconf import DictConfig, OmegaConf

from still_verl.config import StillConfig, still_config
from still_verl.config_errors import ConfigError
from still_verl.dynamics.schedules import value_at
from still_verl.plan.calibration import GIB, MEAN_SHARE, PROMPT_SHARE
from still_verl.plan.shape import Shape, shape_of

BYTES = {"fp32": 4, "float32": 4, "bf16": 2, "bfloat16": 2, "fp16": 2, "float16": 2}


@dataclass(frozen=True)
class Stage:
    """Steps of a run with one limit of response length."""

    steps: int
    max_response: int
    mean_response: float


@dataclass(frozen=True)
class Job:
    """The settings that memory and time follow from.

    Attributes:
        samples: of a step that are trained on; `generated` are sampled for them. A config does not say how many more
            dynamic sampling will draw, so `read_job` takes as many.
        reference_share: of the steps, those that run the reference model; 0 without KL.
        width: bytes of a number in the trainer's computation; `rollout_width` in the rollout.
        update_tokens, logprob_tokens: of one micro-batch on one device.
        cpu_cache: bytes of vLLM's KV cache on a processor.
    """

    name: str
    shape: Shape
    stages: tuple[Stage, ...]
    max_prompt: int
    mean_prompt: float
    prompts: int
    samples: int
    generated: int
    updates: int
    reference_share: float
    old_logprob: bool
    width: int
    rollout_width: int
    checkpointing: bool
    fused_loss: bool
    update_tokens: int
    logprob_tokens: int
    sequence_parallel: int
    fsdp_size: int
    param_offload: bool
    optimizer_offload: bool
    tensor_parallel: int
    memory_share: float
    max_sequences: int
    sleeps: bool
    eager: bool
    cpu_cache: int
    devices: int
    devices_per_node: int

    @property
    def max_length(self) -> int:
        return self.max_prompt + max(stage.max_response for stage in self.stages)

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)


def read_job(config: DictConfig, steps: int | None = None, mean_response: float | None = None) -> Job:
    """The job of a composed config.

    Args:
        config: the whole job's.
        steps: length of the run; None takes `trainer.total_training_steps`.
        mean_response: tokens of an average response; None assumes a share of the longest.

    Raises:
        ConfigError: nobody says which model or how long the run is, or a strategy that the formulas do not describe.
    """
    ours, ar = still_config(config), config.actor_rollout_ref
    actor, rollout, fsdp = ar.actor, ar.rollout, ar.actor.fsdp_config
    if actor.strategy not in ("fsdp", "fsdp2"):
        raise ConfigError(f"actor_rollout_ref.actor.strategy={actor.strategy}: the planner describes fsdp and fsdp2")
    total = steps or config.trainer.total_training_steps
    if not total:
        raise ConfigError("trainer.total_training_steps=null: the run's length follows from its data; give --steps")
    prompts, n = config.data.train_batch_size, rollout.n
    precision = OmegaConf.select(fsdp, "mixed_precision.param_dtype") or fsdp.dtype
    cache = OmegaConf.select(config, "ray_kwargs.ray_init.runtime_env.env_vars.VLLM_CPU_KVCACHE_SPACE") or 4
    on_cpu = config.trainer.device == "cpu"
    return Job(
        name=ours.name,
        shape=shape_of(_model_path(config)),
        stages=_stages(config, ours, total, mean_response),
        max_prompt=config.data.max_prompt_length,
        mean_prompt=PROMPT_SHARE * config.data.max_prompt_length,
        prompts=prompts,
        samples=prompts * n,
        generated=prompts * n,
        updates=max(1, prompts // actor.ppo_mini_batch_size) * actor.ppo_epochs,
        reference_share=_reference_share(config, ours, total),
        old_logprob=not OmegaConf.select(config, "algorithm.rollout_correction.bypass_mode"),
        width=BYTES[str(precision)],
        rollout_width=BYTES.get(str(rollout.dtype), 2),
        checkpointing=ar.model.enable_gradient_checkpointing,
        fused_loss=not on_cpu,
        update_tokens=_micro_batch(config, actor.use_dynamic_bsz, "actor.ppo_max_token_len_per_gpu", "ppo"),
        logprob_tokens=_micro_batch(
            config, rollout.log_prob_use_dynamic_bsz, "rollout.log_prob_max_token_len_per_gpu", "log_prob"
        ),
        sequence_parallel=max(fsdp.ulysses_sequence_parallel_size, actor.ulysses_sequence_parallel_size),
        fsdp_size=fsdp.fsdp_size,
        param_offload=fsdp.param_offload,
        optimizer_offload=fsdp.optimizer_offload,
        tensor_parallel=rollout.tensor_model_parallel_size,
        memory_share=rollout.gpu_memory_utilization,
        max_sequences=rollout.max_num_seqs,
        sleeps=rollout.free_cache_engine,
        eager=rollout.enforce_eager,
        cpu_cache=int(float(cache) * GIB),
        devices=config.trainer.nnodes * config.trainer.n_gpus_per_node,
        devices_per_node=config.trainer.n_gpus_per_node,
    )


def _model_path(config: DictConfig) -> str:
    path = OmegaConf.select(config, "actor_rollout_ref.model.path")
    if not path or str(path).startswith("~/models"):  # upstream's placeholder
        raise ConfigError(f"actor_rollout_ref.model.path={path}: name a model, e.g. still/backbone=qwen2_5_7b")
    return str(path)


def _stages(config: DictConfig, ours: StillConfig, total: int, mean: float | None) -> tuple[Stage, ...]:
    begins = [(begin, tokens) for begin, tokens in ours.context.stages if begin <= total]
    begins = begins or [(1, config.data.max_response_length)]
    return tuple(
        Stage(end - begin, tokens, min(mean or MEAN_SHARE * tokens, tokens))
        for (begin, tokens), (end, _) in pairwise([*begins, (total + 1, 0)])
    )


def _reference_share(config: DictConfig, ours: StillConfig, total: int) -> float:
    """Where our KL schedule acts, the steps with a coefficient of 0 do without the reference."""
    if not (config.algorithm.use_kl_in_reward or config.actor_rollout_ref.actor.use_kl_loss):
        return 0.0
    if not ours.kl.scheduled:
        return 1.0
    return sum(value_at(ours.kl, time, total) > 0 for time in range(total)) / total


def _micro_batch(config: DictConfig, dynamic: bool, key: str, prefix: str) -> int:
    """Tokens of a micro-batch on one device: a budget, or a number of longest sequences."""
    ar = config.actor_rollout_ref
    if dynamic:
        return int(OmegaConf.select(ar, key))
    section = ar.actor if prefix == "ppo" else ar.rollout
    rows = section.get(f"{prefix}_micro_batch_size_per_gpu")
    if not rows:
        raise ConfigError(
            f"actor_rollout_ref.{key.split('.')[0]}.{prefix}_micro_batch_size_per_gpu=null: "
            "set it, or actor_rollout_ref.actor.use_dynamic_bsz=true"
        )
    return int(rows * (config.data.max_prompt_length + config.data.max_response_length))
