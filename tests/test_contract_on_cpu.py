"""Every name of verl, vLLM and Hydra that still_verl touches. An upgrade that moves one fails here, by that name."""

import ast
import importlib
import inspect
from operator import attrgetter
from pathlib import Path

import pytest
import verl
from cpu_names import CPU_NAMES
from upstream_behaviour import BEHAVIOUR
from upstream_older import OLDER

import still_verl

NAMES = """
hydra._internal.core_plugins.basic_sweeper:BasicSweeper
hydra.core.override_parser.overrides_parser:OverridesParser.create
hydra.core.override_parser.types:Override.get_key_element
hydra.core.override_parser.types:Override.is_sweep_override
hydra.core.plugins:Plugins.instantiate_launcher
hydra.core.plugins:Plugins.register
hydra.core.utils:JobReturn
hydra.core.utils:JobStatus.COMPLETED
hydra.experimental.callback:Callback.on_job_end
hydra.experimental.callback:Callback.on_job_start
hydra.experimental.callback:Callback.on_multirun_end
hydra.experimental.callback:Callback.on_multirun_start
hydra.plugins.launcher:Launcher.launch
hydra.plugins.launcher:Launcher.setup
hydra.types:HydraContext
hydra.types:TaskFunction
hydra.plugins.search_path_plugin:SearchPathPlugin.manipulate_search_path
transfer_queue:KVBatchMeta
transfer_queue:KVBatchMeta.reorder
verl.checkpoint_engine.base:CheckpointEngine.build_topology
verl.checkpoint_engine.base:CheckpointEngine.finalize
verl.checkpoint_engine.base:CheckpointEngine.init_process_group
verl.checkpoint_engine.base:CheckpointEngine.prepare
verl.checkpoint_engine.base:CheckpointEngine.receive_weights
verl.checkpoint_engine.base:CheckpointEngine.send_weights
verl.checkpoint_engine.base:CheckpointEngineRegistry.register
verl.checkpoint_engine.base:TensorMeta
verl.checkpoint_engine.base:merge_weight_chunks
verl.checkpoint_engine.base:split_weight_chunks
verl.experimental.agent_loop.agent_loop:AgentLoopMetrics
verl.experimental.agent_loop.agent_loop:DictConfigWrap
verl.experimental.agent_loop.agent_loop:AgentLoopOutput
verl.experimental.agent_loop.agent_loop:AgentLoopBase.ct_merge_context_msg
verl.experimental.separation.engine_workers:DetachActorWorker
verl.trainer.sft_trainer:SFTTrainer.fit
verl.trainer.sft_trainer:create_sft_dataset
verl.trainer.sft_trainer:run_sft
verl.utils:hf_tokenizer
verl.utils.dataset.dataset_utils:SFTTensorCollator
verl.utils.fs:copy_to_local
verl.experimental.agent_loop.agent_loop:ToolListWrap
verl.experimental.agent_loop.tool_agent_loop:AgentData
verl.experimental.agent_loop.tool_agent_loop:SPEC_DECODE_EXTRA_KEYS
verl.experimental.agent_loop.tool_agent_loop:ToolAgentLoop._call_tool
verl.experimental.agent_loop.tool_agent_loop:ToolAgentLoop.run
verl.experimental.agent_loop.tool_parser:FunctionCall
verl.experimental.agent_loop.tool_parser:ToolParser._registry
verl.experimental.agent_loop.tool_parser:ToolParser.extract_tool_calls
verl.experimental.agent_loop.tool_parser:ToolParser.get_tool_parser
verl.experimental.agent_loop.tool_parser:ToolParser.stop_token_ids
verl.tools.base_tool:BaseTool.create
verl.tools.base_tool:BaseTool.execute
verl.tools.base_tool:BaseTool.release
verl.tools.function_tool:function_tool
verl.tools.schemas:ToolResponse
verl.tools.tool_registry:load_all_tools
verl.utils.tokenizer.continuous_token:VLContinuousTokenMixin.render_tokens_with_mm
verl.utils.tokenizer.tokenizer:normalize_token_ids
verl.tools.schemas:OpenAIFunctionCallSchema.from_openai_function_parsed_schema
verl.tools.schemas:OpenAIFunctionParsedSchema
verl.tools.schemas:OpenAIFunctionToolSchema
verl.experimental.agent_loop.single_turn_agent_loop:SingleTurnAgentLoop.run
verl.experimental.reward_loop.reward_manager.base:RewardManagerBase.run_single
verl.experimental.reward_loop.reward_manager.registry:REWARD_MANAGER
verl.experimental.reward_loop.reward_manager.registry:register
verl.experimental.separation.engine_workers:DetachActorWorker.clear_cpu_model
verl.experimental.separation.engine_workers:DetachActorWorker.restore_model_from_cpu
verl.experimental.separation.engine_workers:DetachActorWorker.save_model_to_cpu
verl:DataProto
verl.plugin.platform:PlatformRegistry.register
verl.plugin.platform:PlatformRegistry.registered_names
verl.plugin.platform:get_platform
verl.plugin.platform:set_platform
verl.plugin.platform.platform_base:PlatformBase
verl.single_controller.base.decorator:Dispatch.ONE_TO_ALL
verl.single_controller.base.decorator:register
verl.trainer.main_ppo:main
verl.trainer.ppo.metric_utils:process_validation_metrics
verl.trainer.ppo.core_algos:kl_penalty
verl.trainer.ppo.padding_utils:upsample_batch_to_divisible_size
verl.trainer.ppo.v1.trainer_base:PPOTrainer._get_required_batch_multiple
verl.trainer.ppo.reward:get_custom_reward_fn
torch.distributed.fsdp._flat_param:FlatParamHandle.reshard
torch.distributed.fsdp._flat_param:FlatParamHandle.uses_sharded_strategy
verl.trainer.ppo.utils:Role.Critic
verl.trainer.ppo.utils:need_critic
verl.trainer.ppo.utils:need_reference_policy
verl.trainer.ppo.core_algos:ADV_ESTIMATOR_REGISTRY
verl.trainer.ppo.core_algos:POLICY_LOSS_REGISTRY
verl.trainer.ppo.core_algos:get_kl_controller
verl.trainer.ppo.core_algos:get_policy_loss_fn
verl.utils.config:validate_config
verl.utils.import_utils:import_external_libs
verl.utils.model:get_hf_auto_model_class
verl.utils.reward_score:default_compute_score
verl.utils.tokenizer:normalize_token_ids
verl.utils.tracking:Tracking.supported_backend
ray._private.services:find_bootstrap_address
verl.utils.tracking:Tracking
verl.trainer.ppo.v1.agent_loop_tq:AgentLoopManagerTQ
verl.trainer.ppo.v1.replay_buffer:ReplayBuffer
verl.trainer.ppo.v1.replay_buffer:ReplayBuffer._sync_metadata_from_transfer_queue
verl.trainer.ppo.v1.replay_buffer:ReplayBuffer._evict_terminal_groups
verl.trainer.ppo.v1.replay_buffer:ReplayBuffer.sample
verl.trainer.ppo.v1.utils:compute_advantage_for_multi_trajectories
verl.utils.checkpoint.checkpoint_manager:BaseCheckpointManager.ensure_checkpoint_capacity
verl.utils.checkpoint.checkpoint_manager:BaseCheckpointManager.register_checkpoint
verl.utils.dataset:rl_dataset
verl.trainer.ppo.v1.trainer_base:PPOTrainer._balance_batch
verl.trainer.ppo.v1.trainer_base:PPOTrainer._build_replay_buffer
verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_advantage
verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_metrics
verl.trainer.ppo.v1.trainer_base:PPOTrainer._fetch_one_gen_batch
verl.trainer.ppo.v1.trainer_base:PPOTrainer._init_dataloader
verl.trainer.ppo.v1.trainer_base:PPOTrainer._init_resource_pool_mgr
verl.utils.dataset.rl_dataset:collate_fn
verl.trainer.ppo.v1.trainer_base:PPOTrainer._load_checkpoint
verl.trainer.ppo.v1.trainer_base:PPOTrainer._maybe_log_val_generations
verl.trainer.ppo.v1.trainer_base:PPOTrainer._save_checkpoint
verl.trainer.ppo.v1.trainer_base:PPOTrainer._val_metrics_update
verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_old_log_prob
verl.trainer.ppo.v1.trainer_base:PPOTrainer._update_actor
verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_ref_log_prob
verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_values
verl.trainer.ppo.v1.trainer_base:PPOTrainer._update_critic
verl.trainer.ppo.v1.trainer_base:PPOTrainer.on_sample_end
verl.trainer.ppo.v1.trainer_base:PPOTrainer.on_step_end
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
verl.trainer.ppo.v1.trainer_separate_async:PPOTrainerSeparateAsync._compute_old_log_prob
verl.trainer.ppo.v1.trainer_sync:PPOTrainerSync
verl.utils.config:omega_conf_to_dataclass
verl.utils.flops_counter:ESTIMATE_FUNC
verl.utils.flops_counter:get_device_flops
verl.workers.config:FSDPActorConfig
verl.workers.config:McoreActorConfig
verl.workers.config:VeOmniActorConfig
verl.workers.config:TorchTitanActorConfig
verl.utils.metric:AggregationType.SUM
verl.utils.metric:Metric
verl.utils:tensordict_utils
verl.utils.tokenizer.continuous_token_wiring:create_continuous_token_builder
verl.utils.tracking:Tracking
verl.workers.engine:EngineRegistry._engines
verl.workers.engine:EngineRegistry.register
verl.workers.engine:FSDPEngineWithLMHead._build_fsdp_module
verl.workers.engine.fsdp.transformer_impl:FSDPEngineWithValueHead._build_module
verl.workers.engine_workers:ActorRolloutRefWorker.actor_worker_cls
verl.workers.engine_workers:ActorRolloutRefWorker.ref_worker_cls
verl.workers.engine_workers:TrainingWorker
verl.workers.engine_workers:TrainingWorkerConfig
verl.workers.engine_workers:ActorRolloutRefWorker.init_model
verl.workers.engine_workers:ActorRolloutRefWorker.set_loss_fn
verl.workers.utils.losses:value_loss
verl.workers.utils.padding:no_padding_2_padding
verl.utils.tensordict_utils:get_non_tensor_data
verl.single_controller.base.decorator:make_nd_compute_dataproto_dispatch_fn
verl.workers.engine_workers:ActorRolloutRefWorker.compute_ref_log_prob
verl.workers.utils.padding:response_from_nested
verl.model_merger.__main__:main
verl.model_merger.base_model_merger:parse_args
""".split()
NAMES += CPU_NAMES

PARAMETERS = {
    "verl.checkpoint_engine.base:CheckpointEngine.build_topology": [
        "actor_wg_world_size",
        "rollout_world_size",
        "metadata",
    ],
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_metrics": ["batch", "metrics"],
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_advantage": ["batch", "metrics"],
    "verl.workers.engine:FSDPEngineWithLMHead._build_fsdp_module": ["module"],
    "verl.trainer.ppo.v1.replay_buffer:ReplayBuffer._evict_terminal_groups": [
        "global_steps",
        "partition_id",
        "eviction_reasons",
    ],
    "verl.workers.rollout.vllm_rollout.utils:vLLMColocateWorkerExtension.update_weights_from_ipc": [
        "peft_config",
        "base_sync_done",
        "use_shm",
    ],
    "verl.workers.rollout.vllm_rollout.bucketed_weight_transfer:BucketedWeightReceiver.receive_weights": [
        "on_bucket_received"
    ],
    "vllm.v1.worker.gpu_model_runner:GPUModelRunner.reload_weights": ["weights_iterator"],
    # Of `eval --code`: the last two are what its requests to a server, and the replies, have.
    "vllm:SamplingParams": ["stop", "include_stop_str_in_output"],
    "vllm.outputs:CompletionOutput": ["token_ids", "stop_reason", "finish_reason"],
    "vllm.entrypoints.openai.completion.protocol:CompletionRequest": [
        "return_token_ids",
        "include_stop_str_in_output",
    ],
    "vllm.entrypoints.openai.completion.protocol:CompletionResponseChoice": ["token_ids", "stop_reason"],
    "verl.experimental.agent_loop.tool_agent_loop:ToolAgentLoop._call_tool": [
        "tool_call",
        "tools_kwargs",
        "agent_data",
    ],
    "verl.experimental.agent_loop.tool_agent_loop:AgentData": [
        "messages",
        "image_data",
        "video_data",
        "audio_data",
        "mm_processor_kwargs",
        "metrics",
        "request_id",
        "tools_kwargs",
    ],
    "verl.experimental.agent_loop.agent_loop:AgentLoopBase.ct_merge_context_msg": [
        "previous_messages",
        "updated_messages",
        "runtime_token_ids",
        "response_mask",
        "tools",
    ],
}


def here(name: str) -> str | None:
    """What a name is called in the verl of this process; None where it has no such thing and we use none."""
    return OLDER.get(verl.__version__, {}).get(name, name)


def resolve(name: str) -> object:
    module, _, qualname = (here(name) or name).partition(":")
    found = importlib.import_module(module)
    return attrgetter(qualname)(found) if qualname else found


@pytest.mark.parametrize("name", filter(here, NAMES))
def test_upstream_name_exists(name: str) -> None:
    try:
        resolve(name)
    except (ImportError, AttributeError) as error:
        pytest.fail(f"still_verl relies on {name}, which upstream no longer has: {error}")


@pytest.mark.parametrize("name", filter(here, PARAMETERS))
def test_upstream_parameters(name: str) -> None:
    have = inspect.signature(resolve(name)).parameters  # type: ignore[arg-type]
    missing = [parameter for parameter in PARAMETERS[name] if parameter not in have]
    assert not missing, f"{name} lost its parameter {missing}"


@pytest.mark.parametrize("name", filter(here, BEHAVIOUR))
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
