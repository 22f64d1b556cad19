"""Says what changed from one training set to another."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation.manifest import changed, read_manifest
from still_verl.curation.outputs import DROPPED, TRAIN
from still_verl.monitor.jsonl import json_lines

ABSENT = "not there"


def difference(left: Path, right: Path) -> dict[str, Any]:
    """Return what changed: entries of the manifests, and how many rows moved from where to where.

    A row is known by its id and its file.

    Raises:
        ConfigError: one is no folder of a curation.
    """
    before, after = read_manifest(left), read_manifest(right)
    places = _places(left), _places(right)
    moved: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in places[0].keys() | places[1].keys():
        was, is_now = places[0].get(row, ABSENT), places[1].get(row, ABSENT)
        if was != is_now:
            moved[was, is_now].append(row[0])
    listed = []
    for (was, is_now), ids in sorted(moved.items()):
        listed.append({"from": was, "to": is_now, "rows": len(ids), "example": min(ids)})
    return {"changed": changed(before, after), "moved": listed}


def _places(folder: Path) -> dict[tuple[str, str], str]:
    """Where each row is: kept, or dropped by which filter."""
    import pyarrow.parquet as pq

    found = {}
    try:
        with pq.ParquetFile(folder / TRAIN) as file:
            for batch in file.iter_batches(columns=["extra_info"]):
                for row in batch.to_pylist():
                    found[row["extra_info"]["id"], row["extra_info"]["file"]] = "kept"
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder}: {TRAIN} cannot be read: {error}") from error
    for row in json_lines(folder / DROPPED):
        found[row["id"], row["file"]] = f"dropped: {row['filter']}"
    return found
