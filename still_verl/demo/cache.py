"""Directories that are either complete or absent: built elsewhere, checksummed, renamed, verified on reuse."""

import fcntl
import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MANIFEST = "checksums.json"

_KINDS = {".json", ".jinja", ".safetensors", ".parquet"}  # what our builders write, and so may delete
_log = logging.getLogger(__name__)


def ensure(directory: Path, recipe: str, fill: Callable[[Path], object]) -> Path:
    """Make `directory` hold what `fill` writes, by calling it only when needed.

    Args:
        directory: where it shall be. Two processes may ask at once: one builds, the other waits for it.
        recipe: names what is built. A directory that was built from another recipe is rebuilt.
        fill: writes files, without sub-directories, into the empty directory it is given.

    Raises:
        FileExistsError: `directory` is not empty and was not built here; nothing of it is touched.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _lock(directory):
        wrong = _why_unusable(directory, recipe)
        if not wrong:
            return directory
        if directory.exists():
            _log.warning("%s is rebuilt: %s", directory, wrong)
        partial = directory.with_name(f".{directory.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)  # of a builder that was killed
        partial.mkdir()
        fill(partial)
        _seal(partial, recipe)
        shutil.rmtree(directory, ignore_errors=True)
        partial.rename(directory)
    return directory


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Let one builder in at a time. The kernel drops the lock with the process, so a kill leaves none behind."""
    with directory.with_name(f".{directory.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _why_unusable(directory: Path, recipe: str) -> str:
    """Return what is wrong with `directory`; empty when it is complete and of this recipe."""
    if not directory.exists():
        return "absent"
    if not (directory / MANIFEST).is_file():
        _insist_on_our_files(directory)
        return f"half-written, it has no {MANIFEST}"
    try:
        manifest = json.loads((directory / MANIFEST).read_text())
        built, files = manifest["recipe"], manifest["files"].items()
    except (ValueError, KeyError, AttributeError, TypeError):
        return f"damaged, {MANIFEST} is unreadable"
    if built != recipe:
        return f"built from '{built}', wanted '{recipe}'"
    damaged = [name for name, digest in files if sha256(directory / name) != digest]
    if damaged:
        return f"damaged, the checksum of {', '.join(damaged)} is wrong"
    return ""


def _insist_on_our_files(directory: Path) -> None:
    """Refuse a directory that holds a file of another kind than we write: it would be deleted."""
    for path in directory.iterdir():
        if path.suffix not in _KINDS:
            raise FileExistsError(
                f"{directory} was not built by still_verl (it holds {path.name}): choose another path"
            )


def _seal(directory: Path, recipe: str) -> None:
    """Write the manifest, last."""
    files = {path.name: sha256(path) for path in sorted(directory.iterdir())}
    (directory / MANIFEST).write_text(json.dumps({"recipe": recipe, "files": files}, indent=2) + "\n")


def sha256(path: Path) -> str:
    """Return the checksum of a file in hexadecimal; empty when there is no such file."""
    if not path.is_file():
        return ""
    digest = hashlib.sha256()
    with path.open("rb") as handle:  # in blocks: a model has hundreds of megabytes
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
