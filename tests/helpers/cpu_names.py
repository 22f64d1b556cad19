"""Names of verl's rollout and vLLM's server, for the contract test."""

CPU_NAMES = """
transformers:AttentionInterface
verl.experimental.agent_loop.agent_loop:AgentLoopBase.ct_build_initial_tokens
verl.experimental.agent_loop.agent_loop:AgentLoopWorker._compute_score
verl.experimental.agent_loop.agent_loop:AgentLoopWorker._compute_teacher_logprobs
verl.experimental.reward_loop:RewardLoopWorker.compute_score
verl.trainer.constants_ppo:get_ppo_ray_runtime_env
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
""".split()
