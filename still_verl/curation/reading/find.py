"""Which files the inputs stand for, and what each is called."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from still_verl.config_errors import ConfigError
from still_verl.curation.reading.folders import SUFFIXES, all_files, saved_by_datasets

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """A file to read; its label is its name, with as many folders as it takes to tell it from the others.

    `option` is what named it, for messages.
    """

    label: str
    path: Path
    option: str = "INPUT"

    def sha256(self) -> str:
        """Return the checksum of its bytes.

        Raises:
            ConfigError: it cannot be read.
        """
        digest = hashlib.sha256()
        try:
            with self.path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except OSError as error:
            raise ConfigError(f"{self.option} {self.path}: it cannot be read: {error}") from error
        return digest.hexdigest()


def find_files(option: str, inputs: Sequence[str]) -> list[InputFile]:
    """Return the files of some inputs in the order of their labels, each once.

    Raises:
        ConfigError: there is no such file, or a folder has none that can be read; names `option`.
    """
    paths: list[Path] = []
    for name in inputs:
        paths += _files_of(option, name)
    for path in paths:
        try:
            str(path).encode("utf-8")
        except UnicodeEncodeError:
            raise ConfigError(f"{option} {path}: its name is not UTF-8, and no table can hold it; rename it") from None
    # A link is called and read as it was given: its target may have another suffix, or a checksum for a name.
    by_target: dict[Path, Path] = {}
    for given in sorted(map(absolute, paths)):
        by_target.setdefault(given.resolve(), given)
    unique = sorted(by_target.values())
    files = [InputFile(label, path, option) for label, path in zip(_labels(unique), unique, strict=True)]
    return sorted(files, key=_by_label)


def absolute(path: Path) -> Path:
    """Return a path from the root with the links that it has, but for those in front of `..`."""
    if ".." in path.parts:
        return path.parent.resolve() / path.name
    return path.absolute()


def _by_label(file: InputFile) -> str:
    return file.label


def _files_of(option: str, name: str) -> list[Path]:
    if not name.strip():
        raise ConfigError(f"{option} {name!r}: name a file, a folder or a data set")
    path = Path(name)
    try:
        if path.is_dir():
            return _files_in(option, path)
        if path.is_file():
            with path.open("rb"):
                return [path]
        if name == "-" or path.exists():
            raise ConfigError(
                f"{option} {name}: it is read more than once, and a stream is not; save it as a file first"
            )
    except OSError as error:
        raise ConfigError(f"{option} {name}: it cannot be read: {error}") from error
    if _HUB_NAME.fullmatch(name) and not name.startswith("."):
        return _from_hub(option, name)
    raise ConfigError(f"{option} {name}: there is no such file or folder")


def _files_in(option: str, folder: Path) -> list[Path]:
    """The files of a folder: those that `datasets` names for a data set, else all of a known format."""
    saved = saved_by_datasets(option, folder)
    found = all_files(option, folder) if saved is None else saved
    if not found:
        raise ConfigError(
            f"{option} {folder}: no file in it ends in {', '.join(SUFFIXES)} (or one of these with .gz, .zst)"
        )
    return found


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
