"""Which files of a folder are read: those that the library `datasets` saved there, or all of a known format."""

import json
import os
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation.set_files import TRAIN, is_set

SUFFIXES = (".jsonl", ".json", ".parquet", ".arrow", ".ndjson")
PACKED = (".gz", ".zst", ".zstd")
SPLITS, STATE = "dataset_dict.json", "state.json"
# What `datasets` writes beside the rows.
_ABOUT = (SPLITS, STATE, "dataset_info.json", "dataset_infos.json")


def saved_by_datasets(option: str, folder: Path) -> list[Path] | None:
    """Return the files that `datasets` names in a folder that it saved; None for any other folder.

    Its caches lie there, too, and are no data. What else has rows is refused: it would be passed over.

    Raises:
        ConfigError: names what is missing, or must not be there.
    """
    splits = _listed(folder / SPLITS, "splits")
    if splits is not None:
        _refuse_others(option, folder, folder.iterdir())
        found = []
        for split in splits:
            part = saved_by_datasets(option, folder / str(split)) or all_files(option, folder / str(split))
            if not part:
                raise ConfigError(f"{option} {folder}: {SPLITS} names the split {split}, which is not there")
            found += part
        return found
    entries = _listed(folder / STATE, "_data_files")
    if entries is None:
        return None
    files = [folder / _filename(entry) for entry in entries]
    for path in files:
        if not path.is_file():
            raise ConfigError(f"{option} {folder}: {STATE} names {path.name}, which is not there")
    _refuse_others(option, folder, folder.iterdir())
    return files


def all_files(option: str, folder: Path) -> list[Path]:
    """Return all files of a known format in a folder and those inside of it, also where a link leads to one.

    Of a set that `still-verl data curate` wrote it is the training set alone: the rows beside it were dropped.

    Raises:
        ConfigError: a link leads nowhere.
    """
    found = []
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        # Links may lead in a circle.
        if os.path.realpath(place) in seen:
            folders.clear()
            continue
        seen.add(os.path.realpath(place))
        if is_set(Path(place)):
            names = [TRAIN]
        for path in (Path(place, name) for name in names):
            if not is_known(path):
                continue
            if path.is_symlink() and not path.exists():
                raise ConfigError(f"{option} {path}: the link leads nowhere; remove it, or name the files")
            if path.is_file():
                found.append(path)
    return sorted(found)


def is_known(path: Path) -> bool:
    """Return whether a file may have rows, by its name."""
    name = without_packed(path.name)
    return name.endswith(SUFFIXES) and not name.startswith(".")


def without_packed(name: str) -> str:
    """Return the name of a file without the end that says how it is compressed."""
    for packed in PACKED:
        name = name.removesuffix(packed)
    return name


def _listed(path: Path, name: str) -> list[Any] | None:
    """A list in a file of `datasets`; None where the file is not there, or is something else that has its name."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    listed = found.get(name) if isinstance(found, dict) else None
    return listed if isinstance(listed, list) and listed else None


def _filename(entry: Any) -> str:
    named = entry.get("filename") if isinstance(entry, dict) else None
    return Path(str(named)).name


def _refuse_others(option: str, folder: Path, paths: Any) -> None:
    for path in sorted(paths):
        if path.is_file() and is_known(path) and path.suffix != ".arrow" and path.name not in _ABOUT:
            raise ConfigError(
                f"{option} {folder}: `datasets` saved a data set there, and {path.name} is none of its files; "
                "name the files that are meant, or move it away"
            )
