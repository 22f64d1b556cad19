"""How many rollouts the demo needs for the same accuracy, when problems are chosen by the curriculum.

Run `python benchmarks/curriculum_demo.py FOLDER [--seeds 5] [--problems N]`; a rerun goes on behind the last job that
finished. `--problems` trains on the first N problems only, so that a run comes back to each of them.

For each seed the demo runs with uniform epochs and with `still/curriculum=thompson`. Accuracy is that of 256 held-out
problems, the mean of three validations in a row. The target of a seed is the lower of the two final ones, so that both
reach it. The result is the ratio of the rollouts until then, with a t interval of its logarithm over the seeds.
"""

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path
from statistics import fmean, stdev

from scipy.stats import t

from still_verl.monitor.jsonl import read_metrics

ARMS = {"uniform": [], "thompson": ["still/curriculum=thompson"]}
ACCURACY = "val-core/demo/addition/acc/mean@1"
SIGNAL = "still/curriculum/signal"
STEPS = 36
EVERY = 2  # steps between two validations
MEAN_OF = 3  # validations
ROLLOUTS = 24 * 8  # of a step


def job(folder: Path, arm: str, seed: int, problems: int) -> Path:
    """Train once, unless that is done, and return the run's folder."""
    run = folder / f"{arm}_{seed}"
    if curve(run)[-1:] and curve(run)[-1][0] == STEPS:
        return run
    call = [sys.executable, "-m", "still_verl", "demo", "--seed", str(seed), *ARMS[arm], f"still.run_dir={run}"]
    call += [f"trainer.test_freq={EVERY}", f"trainer.total_training_steps={STEPS}"]
    if problems:
        call += [f"data.train_max_samples={problems}", "trainer.total_epochs=1000"]
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
    return run


def curve(run: Path) -> list[tuple[int, float]]:
    """Return (step, accuracy) of each validation of a run, none where it has not begun."""
    if not (run / "metrics.jsonl").exists():
        return []
    return [(row["step"], row[ACCURACY]) for row in read_metrics(run) if row.get(ACCURACY) is not None]


def smooth(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the mean of some validations in a row, at the step of the last."""
    windows = [points[end - MEAN_OF : end] for end in range(MEAN_OF, len(points) + 1)]
    return [(window[-1][0], fmean(value for _, value in window)) for window in windows]


def steps_to(points: list[tuple[int, float]], target: float) -> float:
    """Return the step at which a curve first reaches the target, interpolated between two points."""
    before = points[0]
    for step, value in points:
        if value >= target:
            rise = value - before[1]
            share = (target - before[1]) / rise if rise > 0 else 1.0
            return before[0] + share * (step - before[0])
        before = (step, value)
    raise ValueError(f"the curve ends below {target}")


def compare(folder: Path, seed: int, problems: int) -> dict[str, float]:
    """Train both arms of a seed and compare them."""
    curves = {arm: smooth(curve(job(folder, arm, seed, problems))) for arm in ARMS}
    final = {arm: points[-1][1] for arm, points in curves.items()}
    target = min(final.values())
    steps = {arm: steps_to(points, target) for arm, points in curves.items()}
    signal = [row[SIGNAL] for row in read_metrics(folder / f"thompson_{seed}") if SIGNAL in row]
    return {
        "seed": seed,
        "target": round(target, 3),
        **{f"final_{arm}": round(value, 3) for arm, value in final.items()},
        **{f"rollouts_{arm}": round(value * ROLLOUTS) for arm, value in steps.items()},
        "ratio": round(steps["thompson"] / steps["uniform"], 3),
        "signal_thompson": round(fmean(signal), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--problems", type=int, default=0)
    options = parser.parse_args()
    found = []
    for seed in range(1, options.seeds + 1):
        found.append(compare(options.folder.resolve(), seed, options.problems))
        print(json.dumps(found[-1]), flush=True)
    logs = [math.log(row["ratio"]) for row in found]
    half = t.ppf(0.975, len(logs) - 1) * stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.inf
    low, middle, high = (round(math.exp(fmean(logs) + side * half), 2) for side in (-1, 0, 1))
    print(json.dumps({"rollouts, thompson / uniform": middle, "interval": [low, high]}))


if __name__ == "__main__":
    main()
