"""What must hold before a job starts: each check names the setting, its value and the fix, in one line.

- `prepare`: `prepare_job` is all that happens before a job starts.
- `job`: `check_job` runs all checks; `check_support` those that need settings alone, of which docs/support.md is made.
- `names`, `choices`, `ranges`, `upstream`: dotted names, verl's enumerations, limits of numbers, verl's dataclasses.
- `unread`: nothing is set that nothing of the job reads. `tracked` notes what a user's function reads.
- `dynamics`, `schedules`, `selection`: schedules are evaluated in every step, rules tried on groups.
- `reference`, `modes`, `devices`, `weights`, `policy_loss`, `reward`: parts of a job that must fit each other.
- `data`, `rows`, `run_length`, `prompts`, `gold`, `loops`, `model`: files are opened, rows read, prompts tokenised.
- `resume`, `run_folder`: the checkpoint to go on from is there, and is of the same experiment.
- `interpreter`, `machine`: the sandbox isolates enough; packages and accelerators are here.
- `gpu`: the driver is as new as torch's CUDA, and flash-attn is here where a model asks for it.
- `cpu`, `cpu_limits`, `critic`: memory, one job at a time, and what runs on a processor at all.

`still_verl.hydra_plugin.JobCallback` calls them between Hydra's composition and `ray.init`, and ends the process with
one line; of a sweep, `still_verl.sweep.job` does, and ends that job. To add a check, write a function that raises
`ConfigError` and call it in `job.check_job`.
"""
