"""The files of a training set, and whether a folder has one: not every `manifest.json` is of a set."""

import json
from pathlib import Path
from typing import Any

TRAIN, DROPPED, REJECTS = "train.parquet", "dropped.jsonl", "rejects.jsonl"
MANIFEST, REVIEW = "manifest.json", "review.html"

_ENTRIES = frozenset(("counts", "inputs", "files"))  # of every manifest of ours
_MADE_BY = ("settings", "difficulty")  # of `data curate`; of `data difficulty`


def manifest_of_set(folder: Path) -> dict[str, Any]:
    """Return the manifest of a set that was curated or graded; empty where there is none, or somebody else's."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    is_ours = isinstance(found, dict) and found.keys() >= _ENTRIES and any(name in found for name in _MADE_BY)
    return found if is_ours else {}


def is_set(folder: Path) -> bool:
    """Return whether a folder stands for the training set in it."""
    return (folder / TRAIN).is_file() and bool(manifest_of_set(folder))
