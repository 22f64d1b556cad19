"""What must hold before a job starts: each check names the setting, its value and the fix.

- `prepare`: `prepare_job` is all that happens before a job starts.
- `job`: `check_job` runs all checks, `prepare_driver` sets up the driver of a job on CPU.
- `names`: every object that the job gives by a dotted name exists.
- `data`: data files with the columns that are read, not two `<think>` in a prompt, and a model.
- `dynamics`: KL, context and temperature fit verl's settings.
- `reference`: actor and reference are sharded alike, where one is copied into the other.
- `resume`: the last checkpoint is there, so that a run goes on from it.
- `interpreter`: the sandbox isolates enough, and the parser of tool calls exists.
- `agent_names`: the agent loops that the data name obey the step.
- `run_folder`: no run with another reward is in the folder.
- `weights`: the rollout gets what the actor learns.
- `critic`: one can be built on CPU.
- `cpu`: memory, shared memory, vLLM's CPU build, and one job at a time.

`still_verl.hydra_plugin.JobCallback` calls them between Hydra's composition and `ray.init`, and ends the process with
one line; of a sweep, `still_verl.sweep.job` does, and ends that job. To add a check, write a function that raises
`ConfigError` and call it in `job.check_job`.
"""
