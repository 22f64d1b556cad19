"""`versions.json` of a run folder: what the run was made with; `length.json`: how long it is to be."""

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LENGTH = "length.json"
PACKAGES = ("still-verl", "verl", "torch", "vllm", "transformers", "ray", "tensordict", "TransferQueue", "math-verify")


def write_versions(run_dir: Path) -> None:
    """Write name and version of each package that is installed, and of Python."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    run_dir.mkdir(parents=True, exist_ok=True)
    (run_dir / "versions.json").write_text(json.dumps(found, indent=2))


def write_length(run_dir: Path, steps: int) -> None:
    """Write how many steps the run is to have, where its configuration does not say so."""
    (run_dir / LENGTH).write_text(json.dumps({"steps": steps}))


def read_length(run_dir: Path) -> int | None:
    """Return what `write_length` wrote; None where there is no such file, or it is damaged."""
    try:
        steps = json.loads((run_dir / LENGTH).read_text())["steps"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return steps if isinstance(steps, int) else None
