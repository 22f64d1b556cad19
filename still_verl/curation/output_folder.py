"""Whether a folder may be written: nothing that somebody else made, and no input, is lost."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation import store
from still_verl.curation.reading.find import InputFile, absolute
from still_verl.curation.set_files import DROPPED, MANIFEST, REJECTS, REVIEW, TRAIN, manifest_of_set

WRITTEN = (TRAIN, DROPPED, REJECTS, MANIFEST, REVIEW)
_MAKES_ANOTHER = ("inputs", "against", "settings")  # entries of a manifest


def check_output(output: Path, files: Sequence[InputFile], against: Iterable[Path] = ()) -> None:
    """Refuse an output folder that cannot be written, or has an input in it.

    Args:
        output: the folder.
        files: the input.
        against: other files that are read; they may lie there under names that are not written.

    Raises:
        ConfigError: names the folder and the fix.
    """
    try:
        _check(output, files, against)
    except ConfigError:
        raise
    except (OSError, RuntimeError, ValueError) as error:  # a name that is too long, links in a circle, a NUL
        raise ConfigError(f"-o {str(output)[:200]}: it cannot be written: {error}"[:400]) from error


def _check(output: Path, files: Sequence[InputFile], against: Iterable[Path]) -> None:
    str(output).encode("utf-8")
    if output.exists() and not output.is_dir():
        raise ConfigError(f"-o {output}: it is a file; name a folder")
    folder = {absolute(output), output.resolve()}
    for file in files:
        # By the names that were given, and by where the links lead.
        if {*file.path.parents, *file.path.resolve().parents} & folder:
            raise ConfigError(f"-o {output}: the input {file.path.name} lies there; name another folder")
    for path in against:
        if path.name in WRITTEN and {path.parent, path.resolve().parent} & folder:
            raise ConfigError(f"-o {output}: {path.name} of --against would be overwritten; name another folder")
    parent = output
    while not parent.exists():
        parent = parent.parent
    if not os.access(parent, os.W_OK):
        raise ConfigError(f"-o {output}: it cannot be written; name another folder")


def set_there(output: Path) -> Mapping[str, Any]:
    """Return the manifest of the set that a curation wrote to a folder before; empty where there is none.

    Raises:
        ConfigError: something else wrote what would be overwritten.
    """
    there = [name for name in WRITTEN if os.path.lexists(output / name)]
    if not there or (output / store.NAME).is_dir():
        return {}  # a killed run leaves parts of a set
    found = manifest_of_set(output)
    if "difficulty" in found:
        raise ConfigError(f"-o {output}: it has the set that `still-verl data difficulty` graded; name another folder")
    if not found:
        raise ConfigError(
            f"-o {output}: {there[0]} lies there, and `still-verl data curate` did not write it; name another folder, "
            "or move it away"
        )
    return found


def is_another(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether two manifests are of sets that were made of different things or in another way."""
    return _made_of(before) != _made_of(after)


def _made_of(found: Mapping[str, Any]) -> str:
    """As JSON: one of the two was read from a file. Of how many rows labels were used is a result."""
    labels = {name: value for name, value in (found.get("labels") or {}).items() if name != "rows"}
    return json.dumps([labels, *(found.get(name) for name in _MAKES_ANOTHER)], sort_keys=True)
