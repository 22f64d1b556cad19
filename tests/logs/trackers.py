"""Logs a run with verl's own trackers: `python trackers.py FOLDER TRACKER...`, in a process of its own.

Its score falls at step 60, and its gradient is NaN from step 100 on.
"""

import math
import os
import sys
from pathlib import Path

STEPS = range(121)


def metrics(step: int) -> dict[str, float]:
    wobble = 0.01 * math.sin(7 * step)
    found = {
        "critic/score/mean": wobble + (0.6 if step < 60 else 0.05),
        "actor/grad_norm": 0.3 + wobble if step < 100 else math.nan,
        "response_length/mean": 300 * (1 + wobble),
        "response_length/clip_ratio": 0.3,
        "perf/throughput": 1000.0,
        "perf/mfu": 0.3,
    }
    if step % 20 == 0:
        found["val-core/math/acc/mean@4"] = 0.5 + wobble
        found["val-core/math/acc/best@4/mean"] = 0.7
    return found


def main(folder: Path, trackers: list[str]) -> None:
    os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": str(folder)}
    os.environ |= {
        "TRACKIO_DIR": f"{folder}/trackio",
        "SWANLAB_MODE": "offline",
        "SWANLAB_LOG_DIR": f"{folder}/swanlog",
    }
    os.environ |= {"TENSORBOARD_DIR": f"{folder}/tensorboard", "VERL_FILE_LOGGER_ROOT": str(folder)}
    os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlruns.db")
    from verl.utils.tracking import Tracking

    tracking = Tracking("project", "experiment", trackers, config={"trainer": {"total_training_steps": 120}})
    for step in STEPS:
        tracking.log(metrics(step), step)
    tracking.finish()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
