"""Every name of verl, vLLM and Hydra that still_verl touches. An upgrade that moves one fails here, by that name."""

import ast
import importlib
import inspect
from operator import attrgetter
from pathlib import Path

import pytest

import still_verl

NAMES = """
hydra._internal.core_plugins.basic_launcher:BasicLauncher.launch
hydra.core.plugins:Plugins.register
hydra.core.utils:JobReturn
hydra.core.utils:JobStatus.COMPLETED
hydra.experimental.callback:Callback.on_job_end
hydra.experimental.callback:Callback.on_job_start
hydra.experimental.callback:Callback.on_multirun_start
hydra.plugins.search_path_plugin:SearchPathPlugin.manipulate_search_path
ray._private.ray_constants:RAY_RUNTIME_ENV_HOOK
ray._private.worker:_maybe_modify_runtime_env
transfer_queue:KVBatchMeta
verl.experimental.agent_loop.agent_loop:AgentLoopMetrics
verl.experimental.agent_loop.agent_loop:AgentLoopOutput
verl.experimental.agent_loop.agent_loop:_agent_loop_registry
verl.experimental.agent_loop.agent_loop:AgentLoopBase.ct_build_initial_tokens
verl.experimental.agent_loop.agent_loop:AgentLoopBase.ct_merge_context_msg
verl.experimental.agent_loop.tool_parser:FunctionCall
verl.experimental.agent_loop.tool_parser:ToolParser._registry
verl.experimental.agent_loop.tool_parser:ToolParser.extract_tool_calls
verl.experimental.agent_loop.tool_parser:ToolParser.get_tool_parser
verl.experimental.agent_loop.tool_parser:ToolParser.stop_token_ids
verl.tools.schemas:OpenAIFunctionCallSchema.from_openai_function_parsed_schema
verl.tools.schemas:OpenAIFunctionParsedSchema
verl.tools.schemas:OpenAIFunctionToolSchema
verl.experimental.agent_loop.single_turn_agent_loop:SingleTurnAgentLoop.run
verl.experimental.reward_loop.reward_manager.base:RewardManagerBase.run_single
verl.experimental.reward_loop.reward_manager.registry:REWARD_MANAGER
verl.experimental.reward_loop.reward_manager.registry:register
verl:DataProto
verl.plugin.platform:PlatformRegistry.register
verl.plugin.platform:PlatformRegistry.registered_names
verl.plugin.platform:get_platform
verl.plugin.platform:set_platform
verl.plugin.platform.platform_base:PlatformBase
verl.single_controller.base.decorator:Dispatch.ONE_TO_ALL
verl.single_controller.base.decorator:register
verl.trainer.main_ppo:main
verl.trainer.ppo.reward:get_custom_reward_fn
verl.trainer.ppo.core_algos:ADV_ESTIMATOR_REGISTRY
verl.trainer.ppo.core_algos:POLICY_LOSS_REGISTRY
verl.trainer.ppo.core_algos:get_kl_controller
verl.trainer.ppo.core_algos:get_policy_loss_fn
verl.trainer.ppo.core_algos:kl_penalty
verl.trainer.ppo.utils:Role.Critic
verl.trainer.ppo.utils:need_critic
verl.trainer.ppo.utils:need_reference_policy
verl.utils.config:validate_config
verl.utils.import_utils:import_external_libs
verl.utils.model:get_hf_auto_model_class
verl.utils.reward_score:default_compute_score
verl.utils.tokenizer:normalize_token_ids
verl.utils.tracking:Tracking.supported_backend
verl.workers.rollout.replica:RolloutReplicaRegistry._registry
verl.workers.rollout.utils:get_max_position_embeddings
ray._private.services:find_bootstrap_address
verl.utils.tracking:Tracking
verl.trainer.ppo.v1.replay_buffer:ReplayBuffer
verl.trainer.ppo.v1.trainer_base:PPOTrainer._balance_batch
verl.trainer.ppo.v1.trainer_base:PPOTrainer._build_replay_buffer
verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_advantage
verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_metrics
verl.trainer.ppo.v1.trainer_base:PPOTrainer._init_resource_pool_mgr
verl.trainer.ppo.v1.trainer_base:PPOTrainer._load_checkpoint
verl.trainer.ppo.v1.trainer_base:PPOTrainer._maybe_log_val_generations
verl.trainer.ppo.v1.trainer_base:PPOTrainer._save_checkpoint
verl.trainer.ppo.v1.trainer_base:PPOTrainer._val_metrics_update
verl.trainer.ppo.v1.trainer_base:PPOTrainer.on_init_end
verl.trainer.ppo.v1.trainer_base:PPOTrainer.on_step_begin
verl.trainer.ppo.v1.trainer_base:PPOTrainer._step_once
verl.trainer.ppo.v1.trainer_base:PPOTrainer.fit
verl.trainer.ppo.v1.trainer_base:PPOTrainer.step
verl.trainer.ppo.v1.trainer_base:PPOTrainer.on_train_begin
verl.trainer.ppo.v1.trainer_base:PPOTrainer.on_validate_begin
verl.trainer.ppo.v1.trainer_base:TRAINER_REGISTRY
verl.trainer.ppo.v1.trainer_base:register_trainer
verl.trainer.ppo.v1.trainer_colocate_async:PPOTrainerColocateAsync
verl.trainer.ppo.v1.trainer_separate_async:PPOTrainerSeparateAsync
verl.trainer.ppo.v1.trainer_sync:PPOTrainerSync
verl.utils.config:omega_conf_to_dataclass
verl.utils.flops_counter:ESTIMATE_FUNC
verl.utils.flops_counter:get_device_flops
verl.utils:tensordict_utils
verl.utils.tokenizer.continuous_token_wiring:create_continuous_token_builder
verl.utils.tracking:Tracking
verl.workers.engine:EngineRegistry._engines
verl.workers.engine:EngineRegistry.register
verl.workers.engine:FSDPEngineWithLMHead._build_fsdp_module
verl.workers.engine_workers:ActorRolloutRefWorker.actor_worker_cls
verl.workers.engine_workers:ActorRolloutRefWorker.ref_worker_cls
verl.workers.engine_workers:TrainingWorker
verl.workers.engine_workers:TrainingWorkerConfig
verl.workers.engine_workers:ActorRolloutRefWorker.set_loss_fn
verl.workers.utils.losses:ppo_loss
verl.workers.rollout.vllm_rollout.bucketed_weight_transfer:BucketedWeightReceiver.receive_weights
verl.workers.rollout.vllm_rollout.utils:vLLMColocateWorkerExtension._get_zmq_handle
verl.workers.rollout.vllm_rollout.utils:vLLMColocateWorkerExtension.update_weights_from_ipc
vllm.model_executor.layers.vocab_parallel_embedding:UnquantizedEmbeddingMethod.process_weights_after_loading
vllm.v1.worker.gpu_model_runner:GPUModelRunner.reload_weights
""".split()

PARAMETERS = {
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_metrics": ["batch", "metrics"],
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_advantage": ["batch", "metrics"],
    "verl.workers.engine:FSDPEngineWithLMHead._build_fsdp_module": ["module"],
    "verl.workers.rollout.vllm_rollout.utils:vLLMColocateWorkerExtension.update_weights_from_ipc": [
        "peft_config",
        "base_sync_done",
        "use_shm",
    ],
    "verl.workers.rollout.vllm_rollout.bucketed_weight_transfer:BucketedWeightReceiver.receive_weights": [
        "on_bucket_received"
    ],
    "vllm.v1.worker.gpu_model_runner:GPUModelRunner.reload_weights": ["weights_iterator"],
    "verl.experimental.agent_loop.agent_loop:AgentLoopBase.ct_merge_context_msg": [
        "previous_messages",
        "updated_messages",
        "runtime_token_ids",
        "response_mask",
        "tools",
    ],
}

_TRAINING_FLOPS = [
    "dense_N_flops = 6 * dense_N * tokens_sum",
    "attn_qkv_flops = 6 * seqlen_square_sum",
    "flops_all_token * (1.0 / delta_time) / 1e12",
]

# What upstream's code does, where no signature says it.
BEHAVIOUR = {
    # How verl finds the plugin.
    "verl": ['_entry_points(group="verl.plugins")', 'os.getenv("VERL_USE_EXTERNAL_PLUGINS", "auto")'],
    # The mode's name is compared, so our trainers must show upstream's.
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer": [
        'self.trainer_mode != "sync"',
        "self.role_worker_mapping[role]",
        # What the callbacks switch from step to step.
        "if self.use_reference_policy:",
        "kl_ctrl=self.kl_ctrl_in_reward",
        "if self.config.algorithm.use_kl_in_reward:",
        "self.config.actor_rollout_ref.actor.entropy_coeff != 0.0",
        '"temperature": self.config.actor_rollout_ref.rollout.temperature',
        "self.agent_loop_manager.generate_sequences(batch)",
    ],
    # How long a run is, and that it ends with its data.
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._init_dataloader": [
        "self.steps_per_epoch = len(self.train_dataset) // self.config.data.train_batch_size",
        "drop_last=True",
    ],
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer.fit": ["while current_epoch < self.config.trainer.total_epochs and"],
    # Names that no registry has.
    "verl.workers.config.actor:ActorConfig.__post_init__": [
        '"token-mean"',
        '"token-sum"',
        '"seq-mean-token-sum"',
        '"seq-mean-token-mean"',
        '"seq-mean-token-sum-norm"',
    ],
    "verl.trainer.ppo.v1.replay_buffer:ReplayBuffer.__init__": ['self.max_off_policy_strategy in ["drop", "wait"]'],
    # A sequence that is longer than a micro-batch ends the run.
    "verl.utils.seqlen_balancing": ["assert max_token_len >= max_seq_len"],
    # What the mode asserts when Ray is up.
    "verl.trainer.ppo.v1.trainer_separate_async:PPOTrainerSeparateAsync.__init__": [
        "train_batch_size must equal parameter_sync_step * ppo_mini_batch_size",
        '.checkpoint_engine.backend != "naive"',
    ],
    # Dropped samples are replaced by masked rows, and callbacks act before that.
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._balance_batch": ["upsample_batch_to_divisible_size(batch"],
    # The loss reads its coefficients from the config that comes with it.
    "verl.workers.utils.losses:ppo_loss": ["config.kl_loss_coef", "config.entropy_coeff", "if config.use_kl_loss:"],
    # The planner takes a third of it for a forward pass: these counts are of forward and backward, for a second.
    "verl.utils.flops_counter:_estimate_qwen2_flops": _TRAINING_FLOPS,
    "verl.utils.flops_counter:_estimate_qwen2_moe_flops": _TRAINING_FLOPS,
    # Upstream leaves an open process group alone.
    "verl.utils.distributed:initialize_global_process_group_ray": ["if not torch.distributed.is_initialized():"],
    # The engine's own worker extension is replaced from `engine_kwargs`, which are merged last.
    "verl.workers.rollout.vllm_rollout.vllm_async_server:vLLMHttpServer.launch_server": ["**engine_kwargs"],
    # The poll of finished rollouts.
    "verl.trainer.ppo.v1.replay_buffer:ReplayBuffer": ["time.sleep(self.poll_interval)"],
    # The trackers of a run are a plain dict.
    "verl.utils.tracking:Tracking": ["self.logger = {}", ".items():"],
    # An agent loop is registered by the name of its class.
    "verl.experimental.agent_loop.agent_loop:register": ['_agent_loop_registry[agent_name] = {"_target_": '],
    # What a reward manager sees of a sample.
    "verl.experimental.agent_loop.agent_loop:AgentLoopWorker._compute_score": [
        '"tool_extra_fields": ',
        '"prompt_len": ',
        '"response_len": ',
        'extra_fields["reward_extra_info"] = ',
    ],
    # A reward function sees what the agent loop counted.
    "verl.experimental.reward_loop.reward_manager.naive:NaiveRewardManager.run_single": [
        "extra_info.update(tool_extra_fields.items())"
    ],
    # Calls that cannot be read are those between these tokens that the parser leaves out.
    "verl.experimental.agent_loop.tool_parser:HermesToolParser": [
        'self.tool_call_start_token: str = "<tool_call>"',
        'self.tool_call_end_token: str = "</tool_call>"',
    ],
    # Tokens that a chat template replaces at the end of a turn.
    "verl.utils.tokenizer.continuous_token:MergeResult": ["removed_prefix_token_count: int"],
    # Both finish reasons look alike, so the agent loop decides by the last token.
    "verl.workers.rollout.vllm_rollout.vllm_async_server:vLLMHttpServer": ['stop_reason = "completed"'],
}


def resolve(name: str) -> object:
    module, _, qualname = name.partition(":")
    found = importlib.import_module(module)
    return attrgetter(qualname)(found) if qualname else found


@pytest.mark.parametrize("name", NAMES)
def test_upstream_name_exists(name: str) -> None:
    try:
        resolve(name)
    except (ImportError, AttributeError) as error:
        pytest.fail(f"still_verl relies on {name}, which upstream no longer has: {error}")


@pytest.mark.parametrize("name", PARAMETERS)
def test_upstream_parameters(name: str) -> None:
    have = inspect.signature(resolve(name)).parameters  # type: ignore[arg-type]
    missing = [parameter for parameter in PARAMETERS[name] if parameter not in have]
    assert not missing, f"{name} lost its parameter {missing}"


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_upstream_behaviour(name: str) -> None:
    source = inspect.getsource(resolve(name))  # type: ignore[arg-type]
    for line in BEHAVIOUR[name]:
        assert line in source, f"{name} no longer has `{line}`, on which still_verl relies"


def test_the_file_of_defaults_has_verls_defaults() -> None:
    """What a job sets is told by it; verl's own test keeps the file equal to its config, in its repository."""
    from hydra import compose, initialize_config_module
    from omegaconf import OmegaConf

    from still_verl.integration.checks.upstream import default_config

    with initialize_config_module("verl.trainer.config", version_base=None):
        composed = compose("ppo_trainer")
    for node in ("data", "trainer", "algorithm"):
        assert default_config()[node] == OmegaConf.to_container(composed[node], resolve=True)


def test_every_upstream_import_is_listed() -> None:
    """The list is complete: each `from verl... import X` of the package is in it."""
    imported = set()
    for path in Path(still_verl.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("verl", "vllm"):
                imported |= {f"{node.module}:{alias.name}" for alias in node.names}
    missing = sorted(i for i in imported if not any(name == i or name.startswith(i + ".") for name in NAMES))
    assert not missing, f"add to NAMES: {missing}"
