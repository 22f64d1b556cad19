"""What a job needs before it runs: memory of one device, seconds of a step, GPU hours. It starts nothing.

`compose.job_config` composes the config as verl's trainer does, `job.read_job` reads it, `hardware.parse_hardware`
reads what it runs on, and `tables.plan_tables` prints both. Between them, one idea a module:

* `models`, `shape`: which models are counted, and their parameters. To add a family, start in `models`.
* `memory`: bytes, phase by phase; `fixes`: what to change where a phase does not fit.
* `flops`: operations as verl counts them; `roofline`: seconds, phase by phase.
* `calibration`: every constant that was fitted or assumed. Their errors are in docs/plan.md.
* `schedule_curves`: what a recipe changes from step to step, drawn (`still-verl plan --schedule`).

To add a device, add a row to `hardware.ACCELERATORS`; verl must know its operations a second under that name.
"""
