"""What must hold before a job starts: each check names the setting, its value and the fix, in one line.

- `job`: `check_job` runs all checks; `check_support` those that need settings alone, of which docs/support.md is made.
- `names`, `choices`, `ranges`, `upstream`: objects that are named, names and numbers of verl's, its dataclasses.
- `unread`: what is set and read by nobody; one table says who reads what. `tracked` notes what is read.
- `schedules`, `selection`, `reward`, `policy_loss`: each is evaluated, in every step or on made-up samples.
- `modes`, `dynamics`, `devices`, `loops`: which parts fit together.
- `data`, `rows`, `prompts`, `model`, `run_length`: files are opened, some rows read and tokenised.
- `machine`, `cpu`, `cpu_limits`: what this machine has, and all that does not run without an accelerator.
- `interpreter`: the sandbox isolates enough, and the parser of tool calls exists.

`still_verl.hydra_plugin.JobCallback` calls them between Hydra's composition and `ray.init`, and ends the process with
one line. To add a check, write a function that raises `ConfigError` and call it in `job`.
"""
