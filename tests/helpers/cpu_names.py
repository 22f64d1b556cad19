"""Names of verl's agent loops and rollout, and of vLLM, for the contract test."""

CPU_NAMES = """
verl.experimental.agent_loop.agent_loop:AgentLoopBase.ct_build_initial_tokens
verl.experimental.agent_loop.agent_loop:AgentLoopWorker._compute_score
verl.experimental.agent_loop.agent_loop:AgentLoopWorker._compute_teacher_logprobs
verl.experimental.reward_loop:RewardLoopWorker.compute_score
verl.trainer.ppo.v1.agent_loop_tq:AgentLoopWorkerTQ.__ray_metadata__.modified_class._agent_loop_postprocess
verl.utils.tensordict_utils:list_of_dict_to_tensordict
verl.workers.rollout.llm_server:LLMServerClient._acquire_server
verl.workers.rollout.llm_server:LLMServerClient._release_server
verl.workers.rollout.replica:RolloutReplicaRegistry.register
verl.workers.rollout.router:GlobalRequestLoadBalancer.get_all_servers
verl.workers.rollout.vllm_rollout.vllm_async_server:vLLMHttpServer.generate
verl.workers.rollout.vllm_rollout.vllm_async_server:vLLMReplica
vllm.sampling_params:RequestOutputKind.FINAL_ONLY
verl.workers.rollout.replica:RolloutReplicaRegistry._registry
verl.trainer.ppo.v1.agent_loop_tq:AgentLoopWorkerTQ.__ray_metadata__.modified_class._run_agent_loop
verl.workers.rollout.replica:TokenOutput
verl.workers.rollout.utils:get_max_position_embeddings
verl.workers.rollout.vllm_rollout.bucketed_weight_transfer:BucketedWeightReceiver.receive_weights
verl.workers.rollout.vllm_rollout.utils:vLLMColocateWorkerExtension._get_zmq_handle
verl.workers.rollout.vllm_rollout.utils:vLLMColocateWorkerExtension.update_weights_from_ipc
vllm:LLM
vllm:LLM.get_tokenizer
vllm:SamplingParams
vllm.model_executor.layers.vocab_parallel_embedding:UnquantizedEmbeddingMethod.process_weights_after_loading
vllm.platforms:current_platform
vllm.v1.engine.llm_engine:LLMEngine.add_request
vllm.v1.engine.llm_engine:LLMEngine.step
vllm.v1.executor.uniproc_executor:UniProcExecutor
vllm.v1.worker.gpu_model_runner:GPUModelRunner.reload_weights
verl.experimental.agent_loop.agent_loop:_agent_loop_registry
verl.experimental.agent_loop:AgentLoopWorker
""".split()
