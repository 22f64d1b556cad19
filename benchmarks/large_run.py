"""What a very long run costs afterwards: python benchmarks/large_run.py RUN [--steps 10000] [--samples 100]

Repeats the steps and samples of RUN, the run folder of any job, until there are as many as asked for, each figure moved
by a few percent; then `still-verl report` reads them. Prints seconds, the most memory that the command held resident,
and the size of the page. The folder and the page go to a temporary folder, which is removed.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from still_verl.monitor.jsonl import read_metrics, read_samples

MB = 1e6


def moved(row: dict[str, Any], step: int, rng: random.Random) -> dict[str, Any]:
    """Return a row of another step, with figures near those of this one."""
    changed = {}
    for key, value in row.items():
        changed[key] = value * (1 + rng.gauss(0, 0.05)) if isinstance(value, float) else value
    return changed | {"step": step, "training/global_step": step}


def write(run: Path, folder: Path, steps: int, samples: int) -> None:
    """Write a run folder with so many steps, and so many samples of each."""
    rng = random.Random(0)
    rows = [row for row in read_metrics(run) if "training/global_step" in row]
    kept = read_samples(run)
    with (folder / "metrics.jsonl").open("w") as metrics, (folder / "samples.jsonl").open("w") as journal:
        for step in range(1, steps + 1):
            metrics.write(json.dumps(moved(rows[step % len(rows)], step, rng)) + "\n")
            for number in range(samples):
                sample = kept[(step * samples + number) % len(kept)]
                prompt = f"{sample['prompt']} ({step % 50}, {number // 8})"  # a group is of one prompt
                journal.write(json.dumps(sample | {"step": step, "prompt": prompt}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, page = Path(place, "run"), Path(place, "report.html")
        folder.mkdir()
        write(options.run, folder, options.steps, options.samples)
        size = sum(file.stat().st_size for file in folder.iterdir())
        command = [sys.executable, "-m", "still_verl", "report", str(folder), "-o", str(page)]
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / MB
        print(f"{options.steps:,} steps, {options.steps * options.samples:,} samples, {size / MB:,.0f} MB of files:")
        print(f"report in {seconds:.1f} s, {most:,.0f} MB resident, a page of {page.stat().st_size / MB:.1f} MB")


if __name__ == "__main__":
    main()
