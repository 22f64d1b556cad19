"""Which files the inputs stand for, and what each is called."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from still_verl.config_errors import ConfigError

SUFFIXES = (".jsonl", ".json", ".parquet", ".arrow", ".ndjson")
PACKED = (".gz", ".zst", ".zstd")
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """A file to read; its label is its name, with as many folders as it takes to tell it from the others."""

    label: str
    path: Path

    def sha256(self) -> str:
        """Return the checksum of its bytes."""
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()


def find_files(option: str, inputs: Sequence[str]) -> list[InputFile]:
    """Return the files of some inputs in the order of their labels, each once.

    Raises:
        ConfigError: there is no such file, or a folder has none that can be read; names `option`.
    """
    paths: list[Path] = []
    for name in inputs:
        paths += _files_of(option, name)
    unique = sorted({path.resolve() for path in paths})
    files = [InputFile(label, path) for label, path in zip(_labels(unique), unique, strict=True)]
    return sorted(files, key=_by_label)


def _by_label(file: InputFile) -> str:
    return file.label


def _files_of(option: str, name: str) -> list[Path]:
    path = Path(name)
    try:
        if path.is_dir():
            return _files_in(option, path)
        if path.is_file():
            with path.open("rb"):
                return [path]
    except OSError as error:
        raise ConfigError(f"{option} {name}: it cannot be read: {error}") from error
    if _HUB_NAME.fullmatch(name) and not name.startswith("."):
        return _from_hub(option, name)
    raise ConfigError(f"{option} {name}: there is no such file or folder")


def _files_in(option: str, folder: Path) -> list[Path]:
    """The files of a folder: those that `datasets` names for a data set, else all of a known format."""
    splits = folder / "dataset_dict.json"
    if splits.is_file():
        names = json.loads(splits.read_text(encoding="utf-8")).get("splits", [])
        found = []
        for split in names:
            found += _files_in(option, folder / str(split))
        return found
    state = folder / "state.json"
    if state.is_file():
        listed = json.loads(state.read_text(encoding="utf-8")).get("_data_files", [])
        return [folder / Path(entry["filename"]).name for entry in listed]
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and _is_known(path)]
    if not found:
        raise ConfigError(
            f"{option} {folder}: no file in it ends in {', '.join(SUFFIXES)} (or one of these with .gz, .zst)"
        )
    return found


def _is_known(path: Path) -> bool:
    name = path.name
    for packed in PACKED:
        name = name.removesuffix(packed)
    return name.endswith(SUFFIXES) and not name.startswith(".")


def _from_hub(option: str, name: str) -> list[Path]:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ConfigError(
            f"{option} {name}: there is no such file; if it is a data set on the hub, "
            "`pip install still-verl[data]` fetches it"
        ) from error
    try:
        folder = snapshot_download(
            name, repo_type="dataset", allow_patterns=["*.parquet", "*.jsonl", "*.json", "*.jsonl.*"]
        )
    except Exception as error:  # of the network, of the hub: many kinds, none of which is a base of the others
        why = " ".join(str(error).split())[:200]
        raise ConfigError(f"{option} {name}: there is no such file, and the hub did not give it: {why}") from error
    return _files_in(option, Path(folder))


def _labels(paths: Sequence[Path]) -> list[str]:
    """For each path its last parts, as few as make it unique."""
    labels = []
    ends = _ends(paths)
    for path in paths:
        parts = 1
        while parts < len(path.parts) and ends[path.parts[-parts:]] > 1:
            parts += 1
        labels.append("/".join(path.parts[-parts:]))
    return labels


def _ends(paths: Sequence[Path]) -> Counter[tuple[str, ...]]:
    """How many paths end in the same parts."""
    ends: Counter[tuple[str, ...]] = Counter()
    for path in paths:
        for parts in range(1, len(path.parts) + 1):
            ends[path.parts[-parts:]] += 1
    return ends
