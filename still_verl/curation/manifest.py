"""Says what a training set was made of and how, and what is different in another one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation import fingerprints, groups
from still_verl.curation.leaks import decide, index
from still_verl.curation.set_files import MANIFEST
from still_verl.curation.settings import CurateSettings

FORMAT = 2  # of this file and of the records; another one begins anew
PACKAGES = ("still-verl", "math-verify", "datasketch", "pyarrow", "numpy")


def versions() -> dict[str, str]:
    """Return the versions of what decides about rows."""
    return {name: version(name) for name in PACKAGES}


def thresholds() -> dict[str, float]:
    """Return the numbers that decide."""
    found = {}
    for module in (index, decide, fingerprints, groups):
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, int | float) and not name.startswith("_"):
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = value
    return dict(sorted(found.items()))


def settings_of(settings: CurateSettings) -> dict[str, Any]:
    """Return the settings that change the result: neither paths nor the number of processes do."""
    found = asdict(settings)
    for name in ("inputs", "against", "output", "workers", "decisions", "labels", "max_rejects"):
        del found[name]
    return found


def sha256(path: Path) -> str:
    """Return the checksum of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest of a folder, or a manifest itself.

    Raises:
        ConfigError: there is none.
    """
    file = path / MANIFEST if path.is_dir() else path
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: it has no manifest that can be read: {error}") from error
    if not isinstance(found, dict) or "counts" not in found:
        raise ConfigError(f"{path}: it is no folder of `still-verl data curate`")
    return found


def changed(left: Mapping[str, Any], right: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Return what differs between two manifests, each as (path of the entry, left, right); None where it is missing.

    Example:
        >>> changed({"counts": {"kept": 2}, "a": 1}, {"counts": {"kept": 3}, "a": 1})
        [('counts.kept', 2, 3)]
    """
    found = []
    for name in sorted(left.keys() | right.keys()):
        one, other = left.get(name), right.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found += changed(one, other, f"{prefix}{name}.")
        elif one != other:
            found.append((f"{prefix}{name}", one, other))
    return found
