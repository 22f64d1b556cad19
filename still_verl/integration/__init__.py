"""All that runs inside a verl job, and so imports verl. Beside it only `plan` and `plugin` do: an upgrade is there.

- `trainers`: the trainer modes `still_sync`, `still_colocate_async`, `still_separate_async`: upstream's with callbacks.
- `callbacks/`: the ideas that act on a run; `base.Callback` is the protocol.
- `agent_loops/`: `still` (one turn) and `still_code` (with the code interpreter).
- `reward_manager`: the manager `still`, which turns a row of verl's into a `rewards.sample.Sample`.
- `loss`, `actor_worker`: what the workers need for coefficients that change and a reference that is replaced.
- `transfer_queue`: where the samples of a step are kept; all of TransferQueue is in there.
- `checks/`: what must hold before Ray starts.
- `cpu/`: all that exists only to run without an accelerator.
- `registrations`: what verl's registries hold of ours, for the doctor.

`still_verl.plugin` registers these when verl imports the registry that each belongs to. The rest of still_verl works
without verl: rewards, sandboxes, metrics and schedules are used from here and know nothing of it.
"""
