"""What a composed config asks for, in the planner's terms."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from omegaconf import DictConfig, OmegaConf

from still_verl.config import StillConfig, still_config
from still_verl.config_errors import ConfigError
from still_verl.plan.calibration import PROMPT_SHARE, VALIDATION_ROWS
from still_verl.plan.compose import run_length
from still_verl.plan.counts import check_counts
from still_verl.plan.dtypes import BYTES
from still_verl.plan.hardware import GIB
from still_verl.plan.lengths import mean_length
from still_verl.plan.models import shape_of
from still_verl.plan.reference import reference_width
from still_verl.plan.shape import Shape
from still_verl.plan.shares import old_logprob_share, reference_share


@dataclass(frozen=True)
class Stage:
    """Steps of a run with one limit of response length; `max_response` and `mean_response` are tokens."""

    steps: int
    max_response: int
    mean_response: float


@dataclass(frozen=True)
class Job:
    """The settings that memory and time follow from.

    Attributes:
        max_prompt, mean_prompt: tokens.
        samples: responses of a step that are trained on; `generated` are sampled for them. A config does not say how
            many more dynamic sampling will draw, so `read_job` takes as many.
        updates: optimizer steps of a step, of all its `epochs` over the samples.
        reference_share: share of the steps that run the reference model; 0 without KL.
        reference_width: bytes of a parameter of the reference in the memory of hosts, with its exact average.
        old_logprob_share: share of the steps with a pass for the old log-probs.
        width: bytes of a number in the trainer's computation; `rollout_width` in the rollout.
        update_tokens, logprob_tokens: tokens of one micro-batch on one device, at most.
        update_rows, logprob_rows: sequences of one; 0 where micro-batches are filled up to their tokens.
        entropy_chunk: tokens whose entropy is computed at once; 0 takes all of a micro-batch.
        scaled_logits: whether some step divides the logits by a temperature other than 1.
        update_tokens, logprob_tokens: tokens of one micro-batch on one device.
        sequence_parallel, fsdp_size, tensor_parallel: devices; an `fsdp_size` below 1 means all.
        memory_share: vLLM's share of the device memory.
        max_sequences: sequences that one replica decodes at once.
        sleeps: whether vLLM gives its memory back while the trainer works.
        cpu_cache: bytes of vLLM's KV cache on a processor.
        engine_length: tokens of a sequence that vLLM is laid out for; None takes the model's.
        test_every, save_every: steps between validations and checkpoints; below 1 is never.
        kept: checkpoints that stay on disk; None is all.
        validation_rows, validation_n: problems of a validation, and samples of each, of at most `validation_longest`
            tokens.
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
    old_logprob_share: float
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
    reference_width: int = 0
    epochs: int = 1
    update_rows: int = 0
    logprob_rows: int = 0
    entropy_chunk: int = 0
    scaled_logits: bool = False
    engine_length: int | None = None
    test_every: int = -1
    save_every: int = -1
    kept: int | None = None
    validates_before: bool = False
    validation_rows: int = VALIDATION_ROWS
    validation_n: int = 1
    validation_longest: int = 1

    @property
    def max_length(self) -> int:
        """Return the tokens of the longest sequence, prompt and response."""
        return self.max_prompt + max(stage.max_response for stage in self.stages)

    @property
    def steps(self) -> int:
        """Count the steps of the run."""
        return sum(stage.steps for stage in self.stages)


def read_job(config: DictConfig, steps: int | None = None, mean_response: float | None = None) -> Job:
    """Read the job out of a composed config.

    Args:
        config: the whole job's.
        steps: length of the run; None takes `trainer.total_training_steps`.
        mean_response: tokens of an average response; None assumes what models of this kind write.

    Raises:
        ConfigError: the model or the length of the run is not given, a length or a number that is not positive, or a
            model or strategy that the formulas do not describe.
    """
    ours, ar = still_config(config), config.actor_rollout_ref
    actor, rollout, fsdp = ar.actor, ar.rollout, ar.actor.fsdp_config
    if actor.strategy not in ("fsdp", "fsdp2"):
        raise ConfigError(f"actor_rollout_ref.actor.strategy={actor.strategy}: the planner supports fsdp and fsdp2")
    check_counts(config)
    total = run_length(config, steps)
    _check_mean(mean_response, config)
    prompts, n = config.data.train_batch_size, rollout.n
    precision = OmegaConf.select(fsdp, "mixed_precision.param_dtype") or fsdp.dtype
    updates = max(1, prompts // actor.ppo_mini_batch_size) * actor.ppo_epochs
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
        updates=updates,
        reference_share=reference_share(config, ours, total),
        old_logprob_share=old_logprob_share(config, ours, total, updates),
        width=BYTES[str(precision)],
        rollout_width=BYTES.get(str(rollout.dtype), 2),
        checkpointing=ar.model.enable_gradient_checkpointing,
        fused_loss=not on_cpu,
        update_tokens=_micro_batch(config, "actor", "ppo", actor.use_dynamic_bsz),
        logprob_tokens=_micro_batch(config, "rollout", "log_prob", rollout.log_prob_use_dynamic_bsz),
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
        reference_width=reference_width(config, ours),
        epochs=actor.ppo_epochs,
        update_rows=_rows(config, "actor", "ppo", actor.use_dynamic_bsz),
        logprob_rows=_rows(config, "rollout", "log_prob", rollout.log_prob_use_dynamic_bsz),
        entropy_chunk=_entropy_chunk(fsdp),
        scaled_logits=ours.temperature.scheduled or float(rollout.temperature) != 1.0,
        engine_length=rollout.max_model_len,
        test_every=config.trainer.test_freq,
        save_every=config.trainer.save_freq,
        kept=config.trainer.max_actor_ckpt_to_keep,
        validates_before=bool(config.trainer.val_before_train),
        validation_rows=_validation_rows(config),
        validation_n=rollout.val_kwargs.n,
        validation_longest=ours.context.validation or config.data.max_response_length,
    )


def _check_mean(mean: float | None, config: DictConfig) -> None:
    """Refuse an average that no run can have: it would be changed in silence."""
    longest = config.data.max_response_length
    if mean is None or 0 < mean <= longest:
        return
    if mean <= 0:
        raise ConfigError(f"--mean-tokens={mean:g}: an average response has more than 0 tokens")
    raise ConfigError(
        f"--mean-tokens={mean:g}: a response has at most data.max_response_length={longest} tokens, and so has the "
        "average; lower it, or raise that"
    )


def _model_path(config: DictConfig) -> str:
    path = OmegaConf.select(config, "actor_rollout_ref.model.path")
    if not path or str(path).startswith("~/models"):  # upstream's placeholder
        raise ConfigError(f"actor_rollout_ref.model.path={path}: name a model, e.g. still/backbone=qwen2_5_7b")
    return str(path)


def _stages(config: DictConfig, ours: StillConfig, total: int, mean: float | None) -> tuple[Stage, ...]:
    """Cut the run where the limit of responses changes; stages that begin after its end are not reached."""
    limits = [(begin, tokens) for begin, tokens in ours.context.stages if begin <= total]
    if not limits:
        limits = [(1, config.data.max_response_length)]
    ends = [begin for begin, _ in limits[1:]] + [total + 1]
    stages = []
    for (begin, tokens), end in zip(limits, ends, strict=True):
        assumed = mean or mean_length(_model_path(config), tokens)
        stages.append(Stage(end - begin, tokens, min(assumed, tokens)))
    return tuple(stages)


def _validation_rows(config: DictConfig) -> int:
    """Count the problems of a validation; where a file is not here, assume those of AIME."""
    if OmegaConf.is_missing(config.data, "val_files") or config.data.val_files is None:
        return VALIDATION_ROWS
    names = config.data.val_files
    rows = 0
    for name in [names] if isinstance(names, str) else names:
        path = Path(str(name)).expanduser()
        if path.suffix != ".parquet" or not path.is_file():
            return VALIDATION_ROWS
        rows += pq.ParquetFile(path).metadata.num_rows
    limit = config.data.get("val_max_samples", -1)
    return min(rows, limit) if limit and limit > 0 else rows


def _micro_batch(config: DictConfig, section: str, prefix: str, dynamic: bool) -> int:
    """Return the tokens of a micro-batch on one device: a budget, or a number of longest sequences."""
    if dynamic:
        return int(config.actor_rollout_ref[section][f"{prefix}_max_token_len_per_gpu"])
    rows = _rows(config, section, prefix, dynamic)
    return rows * (config.data.max_prompt_length + config.data.max_response_length)


def _rows(config: DictConfig, section: str, prefix: str, dynamic: bool) -> int:
    """Return the sequences of a micro-batch on one device; 0 where it is filled up to a budget of tokens."""
    if dynamic:
        return 0
    rows = config.actor_rollout_ref[section].get(f"{prefix}_micro_batch_size_per_gpu")
    if not rows:
        raise ConfigError(
            f"actor_rollout_ref.{section}.{prefix}_micro_batch_size_per_gpu=null: "
            "set it, or actor_rollout_ref.actor.use_dynamic_bsz=true"
        )
    return int(rows)


def _entropy_chunk(fsdp: DictConfig) -> int:
    """Return the tokens whose entropy verl computes at once; 0 takes all of a micro-batch."""
    if not fsdp.entropy_from_logits_with_chunking:
        return 0
    return int(fsdp.entropy_from_logits_chunk_size)
