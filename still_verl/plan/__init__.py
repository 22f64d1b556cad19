"""Computes what a job will need: memory of one device, seconds of a step, GPU hours. It starts no job.

`compose.job_config` composes the config as verl's trainer does, `job.read_job` reads it, `probe.hardware_of`
reads the hardware, and `tables.plan_tables` prints the plan. The other modules have one idea each:

* `models`, `known`, `shape`: which models are supported, and their parameters. To add a family, start in `models`.
* `assertions`: what verl and vLLM would refuse; `memory`: bytes, phase by phase; `fixes`: what to change.
* `lengths`: how long responses are where nobody says it; `shares`: passes that not every step makes.
* `flops`: operations as verl counts them; `roofline`: seconds, phase by phase.
* `whole_run`: validation, checkpoints, disk and host memory; `compare`: several kinds of hardware side by side.
* `calibration`: every constant that was fitted or assumed. docs/plan.md has the resulting errors.
* `schedule_curves`: what a recipe changes from step to step, drawn (`still-verl plan --schedule`).

To add a device, add a row to `hardware.ACCELERATORS`, with its operations per second where verl does not know the name.
"""
