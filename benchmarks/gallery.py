"""Write the reports of docs/gallery.md: of real runs whose logs are kept, and of simulated ones.

    python benchmarks/gallery.py [FOLDER]           # docs/gallery by default; `make docs` does it
    python benchmarks/gallery.py --keep RUN NAME    # keep the log of a run as docs/gallery/NAME.tar.xz

What is kept of a run is small: numbers with five digits, a few samples of a step, no dumps, and no path of a machine.
"""

import argparse
import json
import math
import re
import tarfile
import tempfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from alarm_runs import ACCURACY, METRICS, VALIDATION, Run, ar1, clipped, healthy

from still_verl.monitor.samples import prompt_hash
from still_verl.report.page import write_report

GALLERY = Path(__file__).resolve().parents[1] / "docs" / "gallery"
SUFFIX = ".tar.xz"
KEPT = ("alarms.jsonl", "versions.json", ".hydra/config.yaml", ".hydra/overrides.yaml")
PATH = re.compile(r"(?<![\w.}:/])/(?:[\w.-]+/)+([\w.-]+)")  # an absolute one, of which its last part is kept
PROMPTS = 12  # in each step and phase that samples are kept of
LARGEST = 6e6  # bytes of a page

ARMS = {"constant": 0.0, "cosine": 0.09, "none": 0.09}  # KL, and what it adds to the accuracy at the end
MODEL, SEEDS, STEPS, PROBLEMS = 5, (1, 2, 3), 300, 500


def shorter(value: Any) -> Any:
    """Round what a number has beyond five digits."""
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.5g}")
    return value


def kept_metrics(run: Path) -> bytes:
    lines = []
    for line in (run / "metrics.jsonl").read_text().splitlines():
        lines.append(json.dumps({name: shorter(value) for name, value in json.loads(line).items()}))
    return "\n".join(lines).encode() + b"\n"


def kept_samples(run: Path) -> bytes:
    """Keep the samples of a few prompts in each step, the same ones where a step asks them again."""
    rows = []
    for file in sorted(run.glob("samples*.jsonl")):
        rows += [json.loads(line) for line in file.read_text().splitlines()]
    rows.sort(key=lambda row: (row["phase"], row["step"], prompt_hash(row["prompt"])))
    seen: Counter[tuple[str, int]] = Counter()
    lines = []
    for row in rows:
        place = (row["phase"], row["step"])
        seen[place] += 1
        if seen[place] <= PROMPTS:
            lines.append(json.dumps(row))
    return "\n".join(lines).encode() + b"\n"


def keep(run: Path, name: str) -> Path:
    """Keep the log of a run in the repository."""
    files = {"metrics.jsonl": kept_metrics(run), "samples.jsonl": kept_samples(run)}
    for kept in KEPT:
        if (run / kept).is_file():
            files[kept] = PATH.sub(r"\1", (run / kept).read_text()).encode()
    path = GALLERY / f"{name}{SUFFIX}"
    with tarfile.open(path, "w:xz") as archive:
        for file, data in files.items():
            entry = tarfile.TarInfo(f"{name}/{file}")
            entry.size = len(data)
            archive.addfile(entry, BytesIO(data))
    return path


def arm(name: str, gain: float, seed: int) -> Run:
    """Simulate a run: all begin alike, seeds differ by their noise, and an arm by what it gains as the run learns."""
    run = healthy(STEPS, True, np.random.default_rng(MODEL))
    rng = np.random.default_rng([seed, *name.encode()])
    for metric, values in run.series.items():
        moved = run.noise.get(metric, 0.01) * (ar1(STEPS, 0.5, rng) + 0.3 * rng.standard_normal())
        scale = METRICS[metric][-1] if metric in METRICS else "share"
        run.series[metric] = clipped(metric, values * np.exp(moved) if scale == "log" else values + moved)
    for metric in (ACCURACY, VALIDATION):
        run.series[metric] = np.clip(run.series[metric] + gain * run.learned, 0, 1)
    return run


def write_arm(folder: Path, name: str, gain: float, seed: int) -> Path:
    """Write a simulated run as a run folder."""
    path = folder / f"{name}-seed{seed}"
    (path / ".hydra").mkdir(parents=True)
    rows = arm(name, gain, seed).rows()
    for row in rows:
        if VALIDATION in row:
            row["still/validation/samples"] = PROBLEMS
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = {"still": {"kl": {"kind": name}}, "data": {"seed": seed}, "trainer": {"total_training_steps": STEPS}}
    (path / ".hydra" / "config.yaml").write_text(json.dumps(config))
    (path / ".hydra" / "overrides.yaml").write_text(f"- still/kl={name}\n- data.seed={seed}\n")
    return path


def write(folder: Path) -> list[Path]:
    """Write every page of the gallery into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    with tempfile.TemporaryDirectory() as place:
        for archive in sorted(GALLERY.glob(f"*{SUFFIX}")):
            with tarfile.open(archive) as opened:
                # Python before 3.11.4 and 3.10.12 knows no filter. The archives are ours.
                opened.extraction_filter = getattr(tarfile, "data_filter", None)
                opened.extractall(Path(place) / "runs")
            name = archive.name.removesuffix(SUFFIX)
            pages.append(folder / f"{name}.html")
            write_report([Path(place) / "runs" / name], pages[-1])
        runs = [write_arm(Path(place) / "simulated", name, gain, seed) for name, gain in ARMS.items() for seed in SEEDS]
        pages.append(folder / "ablation.html")
        write_report(runs, pages[-1])
    return pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=GALLERY)
    parser.add_argument("--keep", nargs=2, metavar=("RUN", "NAME"))
    args = parser.parse_args()
    if args.keep:
        path = keep(Path(args.keep[0]), args.keep[1])
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
        return
    for page in write(args.folder):
        assert page.stat().st_size < LARGEST, f"{page} is too large"
        print(f"{page}: {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
