"""Nearly everything that imports verl: an upgrade of verl changes this package, and little else.

- `trainers`: the trainer modes `still_sync`, `still_colocate_async`, `still_separate_async`: verl's, with callbacks.
- `callbacks/`: classes whose hooks act on a run; `base.Callback` is the protocol.
- `agent_loops/`: `still` (one turn), `still_code` (with the code interpreter), `still_tool_agent` (verl's tools).
- `reward_manager`: the manager `still`, which turns a row of verl into a `rewards.sample.Sample`.
- `loss`, `actor_worker`: what the workers need for coefficients that change and a reference that is replaced.
- `shards`: a rank's part of a model under FSDP; `checkpoints`: what is in a checkpoint beside verl's.
- `merged`: a checkpoint as a model that vLLM can load, for `still-verl eval`.
- `snapshots`, `critic`: weights that the separate mode sets aside; the critic's loss.
- `transfer_queue`: every use of TransferQueue, where verl keeps the samples of a step.
- `driver_ray`: the Ray of a driver, over the jobs of an ablation.
- `checks/`: what must hold before Ray starts.
- `cpu/`: what is only needed to run without an accelerator.
- `registrations`: our entries in verl's registries, for the doctor.

`still_verl.plugin` registers these when verl imports the registry that each belongs to. Besides this
package only `plan` and `plugin` import verl. Rewards, sandboxes, metrics and schedules are called from here.
"""
