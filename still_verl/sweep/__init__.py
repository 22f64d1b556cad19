"""Ablations and searches (`-m`), with any launcher and sweeper: folders that a rerun finds again, and an objective.

Each job has a folder below `hydra.sweep.dir`, named after what the sweep varies, with a `job.json` that says how the
job ended. A rerun of the same command finds these folders: finished jobs are skipped, the others go on from their last
checkpoint. A job that fails does not stop the others.

- `launcher`: in front of the launcher that the user names (Hydra's own, joblib, submitit, ...), one for all batches.
- `job`: what runs in the process of a job: its checks, its training, its state, its objective.
- `names`: the folder of a job.
- `state`: `job.json`.
- `results`: the table at the end; the validation accuracy that a sweeper such as Optuna makes as large as it can.

Hydra finds the launcher as hydra_plugins/_still_verl.py, the one file outside `still_verl/`.
"""
