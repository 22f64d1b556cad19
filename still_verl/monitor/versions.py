"""`versions.json` of a run folder: what the run was made with."""

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

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
