"""Lines of upstream's code that we rely on where no signature says so; `test_contract_on_cpu.py` looks for them."""

from still_verl.integration.cpu import platform_messages

_TRAINING_FLOPS = [
    "dense_N_flops = 6 * dense_N * tokens_sum",
    "attn_qkv_flops = 6 * seqlen_square_sum",
    "flops_all_token * (1.0 / delta_time) / 1e12",
]

BEHAVIOUR = {
    # A Ray that a driver starts by it, with a task that does nothing, is the one that its job finds.
    "verl.trainer.main_ppo:run_ppo": [
        "if not ray.is_initialized():",
        "runner = task_runner_class.remote()",
        "ray.get(runner.run.remote(config))",
    ],
    # Which Python starts a worker, and what it is given.
    "ray._private.services:start_raylet": ["            sys.executable,\n            setup_worker_path,"],
    # How the warnings begin that are held back until a job says whether it wants an accelerator, and who logs them.
    platform_messages.LOGGER: [
        "logger = logging.getLogger(__name__)",
        *(f'"{message}' for message in platform_messages.MESSAGES),
    ],
    # How the learning rate of a step is set: base rates of a `LambdaLR`, whose factor is 1 without warm-up and decay.
    "verl.workers.engine.fsdp.transformer_impl:FSDPEngine._build_lr_scheduler": [
        "get_constant_schedule_with_warmup(optimizer=optimizer, num_warmup_steps=num_warmup_steps)",
        "if num_warmup_steps <= 0:",
    ],
    "verl.workers.engine.fsdp.transformer_impl:FSDPEngine.lr_scheduler_step": [
        "self.lr_scheduler.step()",
        "lr = self.lr_scheduler.get_last_lr()[0]",
    ],
    "verl.utils.torch_functional:get_constant_schedule_with_warmup": [
        "return LambdaLR(optimizer, lr_lambda, last_epoch)"
    ],
    # What the check of an estimator makes up, since nothing else is there when advantages are computed.
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_advantage": [
        '["uid", "response_mask", "rm_scores", "rollout_log_probs", "old_log_probs", "ref_log_prob", "values"]',
        "compute_advantage_for_multi_trajectories(",
    ],
    # What our pass of the reference asks for, and whose part of its answer it keeps.
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_ref_log_prob": [
        '"calculate_entropy": False,',
        '"compute_loss": False,',
        '"temperature": self.config.actor_rollout_ref.rollout.temperature,',
        "output = self.ref_policy_wg.compute_ref_log_prob(batch)",
        'data["ref_log_prob"] = response_from_nested(data.pop("log_probs"), data["response_mask"])',
    ],
    # Which rows are a mini-batch: the next ones of each rank.
    "verl.utils.tensordict_utils:make_iterator": ["dataset=idx_lst, batch_size=mini_batch_size"],
    # A checkpoint is deleted where one is to be kept, before the next one is named.
    "verl.utils.checkpoint.fsdp_checkpoint_manager:FSDPCheckpointManager.save_checkpoint": [
        "self.ensure_checkpoint_capacity(max_ckpt_to_keep)",
        "self.register_checkpoint(local_path, max_ckpt_to_keep)",
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
    # Where a curriculum learns of groups that are replaced, and how verl fetches and remembers prompts.
    "verl.trainer.ppo.v1.replay_buffer:ReplayBuffer._evict_terminal_groups": [
        "stale_uids, dapo_uids, failed_uids, dapo_counts = eviction_reasons"
    ],
    "verl.trainer.ppo.v1.replay_buffer:ReplayBuffer._dapo_filtered_keys": [
        "classification_cache[uid] = float(values[0]) if"
    ],
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._fetch_one_gen_batch": [
        "self.train_dataloader_it = iter(self.train_dataloader)",
        'batch_dict["uid"] =',
    ],
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._next_train_batch": [
        'self.config.data.get("gen_batch_size", None) or train_batch_size',
        "self._fetch_one_gen_batch() for _ in range(num_prompts // gen_batch_size)",
    ],
    # A sequence that is longer than a micro-batch ends the run.
    "verl.utils.seqlen_balancing": ["assert max_token_len >= max_seq_len"],
    # What the mode asserts when Ray is up.
    "verl.trainer.ppo.v1.trainer_separate_async:PPOTrainerSeparateAsync.__init__": [
        "train_batch_size must equal parameter_sync_step * ppo_mini_batch_size",
        '.checkpoint_engine.backend != "naive"',
    ],
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
        # An adaptive entropy coefficient needs the entropy also while it is 0.
        "calculate_entropy = self.config.actor_rollout_ref.actor.calculate_entropy or (",
        # Under which names sums of the workers' metrics come back.
        'rename_dict(output["metrics"], "actor/")',
    ],
    # The loss that we wrap, and the config that it is bound to.
    "verl.workers.engine_workers:ActorRolloutRefWorker.init_model": [
        "self.loss_fn = partial(ppo_loss, config=actor_config)",
        "distillation_ppo_loss, config=actor_config, distillation_config=distillation_config",
        "self.actor.set_loss_fn(self.loss_fn)",
    ],
    # The separate mode adds up what is called so, in the mini-batches of a step.
    "verl.trainer.ppo.v1.utils:MetricsAggregator._get_aggregation_type": ['["sum", "total"]'],
    # The agent loop of a prompt.
    "verl.trainer.ppo.v1.agent_loop_tq": [
        'if "agent_name" not in batch:',
        # Response and reward are made in one method of the worker, which still knows the prompt.
        "self._run_agent_loop(",
        "await self._compute_score(outputs",
    ],
    # Dropped samples are replaced by masked rows, and callbacks act before that.
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._balance_batch": [
        "upsample_batch_to_divisible_size(batch, batch_multiple, self.tokenizer.eos_token_id)",
        "worker_group._dispatch_info[role] = dp_rank_mapping",
        "batch_multiple = self._get_required_batch_multiple(dp_size)",
    ],
    # Its rows of padding are shortened to two tokens.
    "verl.trainer.ppo.padding_utils": ["SYNTHETIC_PADDING_SEQ_LEN = 128", "(SYNTHETIC_PADDING_SEQ_LEN - 1,)"],
    # verl's own adaptive coefficient, which is in checkpoints.
    "verl.trainer.ppo.core_algos:AdaptiveKLController": ["self.value *= mult"],
    # Parameters that a forward pass left gathered are used again, until they are freed.
    "torch.distributed.fsdp._flat_param:FlatParamHandle.init_flat_param_attributes": [
        "flat_param._local_shard = flat_param.data"
    ],
    "torch.distributed.fsdp:FullyShardedDataParallel": ["self._handle"],
    # An error of the tokenizer's is told from one of the processor's by how it begins.
    "verl.utils.tokenizer.continuous_token_wiring:create_continuous_token_builder": [
        'f"Model resolved to the text',
        'f"Model resolved to the VL',
    ],
    # The loss reads its coefficients from the config that comes with it.
    "verl.workers.utils.losses:ppo_loss": [
        "config.kl_loss_coef",
        "config.entropy_coeff",
        "if config.use_kl_loss:",
        'old_log_prob = data["old_log_probs"]',
    ],
    # The critic's loss is set once, before `on_init_end`.
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._setup": ["self.critic_wg.set_loss_fn(value_loss_)"],
    # Metrics of mini-batches are weighted by the samples that are left of each.
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer.step": [
        'sample_count = sum(not tag.get("is_padding", False) for tag in batch.tags)',
        "add_step_metrics(iter_metrics, sample_count=sample_count)",
    ],
    # Weights are set aside by number, and upstream removes them by number.
    "verl.experimental.separation.engine_workers:DetachActorWorker": ["del self.cpu_saved_models[n]"],
    # Left out in a step with one update: nothing else of what it computes is read.
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._compute_old_log_prob": [
        'fields=data.select("old_log_probs", "entropy")',
        '"actor/entropy": entropy_agg.detach().item()',
    ],
    "verl.trainer.ppo.v1.trainer_base:PPOTrainer._update_actor": [
        "self.config.actor_rollout_ref.actor.entropy_coeff != 0.0",
        "batch.extra_info.update(extra_info)",
        'rename_dict(output["metrics"], "actor/")',
    ],
    "verl.trainer.ppo.v1.trainer_separate_async:PPOTrainerSeparateAsync._compute_old_log_prob": [
        "save_model_to_cpu(0)",
        "restore_model_from_cpu(0)",
        "restore_model_from_cpu(self.local_trigger_step)",
    ],
    # An update of a rollout: prepare, build_topology, init_process_group, send and receive, finalize.
    "verl.checkpoint_engine.base:CheckpointEngineManager": [
        '["prepare"] * actor_wg.world_size',
        '["init_process_group"] * actor_wg.world_size',
        '["finalize"] * actor_wg.world_size',
        "import_external_libs(self.config.custom_backend_module or None)",
    ],
    # A critic is built with flash attention, a language model as its config says.
    "verl.utils.model:load_valuehead_model": ['attn_implementation="flash_attention_2"'],
    "verl.workers.engine.fsdp.transformer_impl:FSDPEngine._build_module": [
        'if self.model_config.model_type == "language_model":',
        "auto_class = get_hf_auto_model_class(hf_config=self.model_config.hf_config)",
        "config=self.model_config.hf_config",
    ],
    "verl.utils.model:get_hf_auto_model_class": ["if key in hf_config.architectures[0]:"],
    # The planner takes a third of it for a forward pass: these counts are of forward and backward, for a second.
    "verl.utils.flops_counter:_estimate_qwen2_flops": _TRAINING_FLOPS,
    "verl.utils.flops_counter:_estimate_qwen2_moe_flops": _TRAINING_FLOPS,
    # Upstream leaves an open process group alone.
    "verl.utils.distributed:initialize_global_process_group_ray": ["if not torch.distributed.is_initialized():"],
    # The engine's own worker extension is replaced from `engine_kwargs`, which are merged last.
    "verl.workers.rollout.vllm_rollout.vllm_async_server:vLLMHttpServer.launch_server": ["**engine_kwargs"],
    # The poll of finished rollouts.
    "verl.trainer.ppo.v1.replay_buffer:ReplayBuffer": ["time.sleep(self.poll_interval)"],
    # What the watchdog looks at, however verl waits; both are done anew at each poll.
    "verl.trainer.ppo.v1.replay_buffer:ReplayBuffer._sync_metadata_from_transfer_queue": [
        "self.running_keys[partition_id].add(key)",
        "self.failure_keys[partition_id].add(key)",
    ],
    "verl.trainer.ppo.v1.replay_buffer:ReplayBufferAsync.wait_for_sampleable": [
        "self._sync_metadata_from_transfer_queue()"
    ],
    # The manager of the workers is chosen after the trainer is built, from the same config.
    "verl.trainer.main_ppo": [
        "self.trainer = trainer_cls(config=config)",
        'get("agent_loop_manager_class")',
    ],
    # Tags of a key are merged.
    "transfer_queue.metadata:BatchMeta.update_custom_meta": ["self.custom_meta[i].update(meta)"],
    # The trackers of a run are a plain dict.
    "verl.utils.tracking:Tracking": ["self.logger = {}", ".items():"],
    # An agent loop is registered by the name of its class.
    "verl.experimental.agent_loop.agent_loop:register": ['_agent_loop_registry[agent_name] = {"_target_": '],
    # `prepared` builds the loop without Hydra, and does the rest as here.
    "verl.experimental.agent_loop.agent_loop:AgentLoopWorker._run_agent_loop": [
        "agent_loop = hydra.utils.instantiate(",
        "tools=ToolListWrap(self.tools),\n",
        "output: AgentLoopOutput = await agent_loop.run(sampling_params, **kwargs)",
        'return await self._agent_loop_postprocess(output, trajectory["validate"], **kwargs)',
    ],
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
