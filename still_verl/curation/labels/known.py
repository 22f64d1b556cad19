"""The labels of problems that were read: the file that `still-verl data label` writes and a curation looks into."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation.fingerprints import form_of, hash64
from still_verl.curation.reading.find import InputFile
from still_verl.curation.registries import TAKEN
from still_verl.curation.rows import Row
from still_verl.monitor.jsonl import line
from still_verl.registry import in_one_line

NAME = "labels.jsonl"
FORMAT = 1


def key_of(row: Row) -> str:
    """Return by what the labels of a row are found: its problem as it reads, and its answer."""
    answer = "\0".join(row.right_answers) or repr(row.fields.answer)
    return f"{form_of(row.plain_cased):016x}{hash64(answer):016x}"


@dataclass(frozen=True)
class Known:
    """The labels of many problems.

    Attributes:
        asked: the labels that a reader could give.
        reader: the name of the model.
        of: by `key_of`, the labels that fit; a problem without a reading is missing.
    """

    asked: tuple[str, ...]
    reader: str
    of: Mapping[str, tuple[str, ...]]

    def labels(self, row: Row) -> tuple[str, ...] | None:
        """Return the labels of a row, None if nobody read it."""
        return self.of.get(key_of(row)) if self.of else None


NOBODY_READ = Known((), "", {})


def write_known(folder: Path, header: Mapping[str, Any], entries: Sequence[tuple[str, list[str] | None]]) -> None:
    """Write the file anew: first a line about the reading, then (key, labels) of each problem; None is unread.

    The first line says how many there are: a file that was cut at the end of a line is not whole.
    """
    partial = folder / f".{NAME}.partial"
    with partial.open("wb") as file:
        file.write(line({"format": FORMAT, **header, "problems": len(entries)}))
        for key, labels in entries:
            file.write(line({"key": key, "labels": labels}))
    partial.rename(folder / NAME)


def read_known(path: Path) -> Known:
    """Read the file of a folder, or the file itself.

    Raises:
        ConfigError: it is not there, or not what `still-verl data label` writes.
    """
    try:
        lines = _objects(_file(path))
        header = next(lines, {})
        if header.get("format") != FORMAT:
            raise ValueError("its first line is not that of `still-verl data label`")
        asked = _names(header["asked"])
        for name in set(asked) & set(TAKEN):
            raise ValueError(f"its label {name} is what rows are dropped as for another reason")
        # Few different readings: each is one object, however many rows have it.
        same: dict[tuple[str, ...], tuple[str, ...]] = {}
        found: dict[str, tuple[str, ...]] = {}
        seen: set[str] = set()
        for each in lines:
            if each["key"] in seen:
                raise ValueError(f"the key {each['key']!r:.60} is there twice")
            seen.add(each["key"])
            if each["labels"] is not None:
                labels = _names(each["labels"])
                if not set(labels) <= set(asked):
                    raise ValueError(f"the labels {', '.join(labels)} were not all asked for")
                found[each["key"]] = same.setdefault(labels, labels)
        whole = header.get("problems", len(seen))
        if whole != len(seen):
            raise ValueError(f"it has {len(seen):,} of {whole} problems: give `data label` its command again")
        return Known(asked, str(header["model"]), found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(f"--labels {path}: it cannot be read: {in_one_line(error)}") from error


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{value!r:.60} is no list of labels")
    return tuple(value)


def provenance(path: Path) -> dict[str, Any]:
    """Return what a manifest says of a file of labels.

    Raises:
        ConfigError: it cannot be read.
    """
    known = read_known(path)
    return {
        "sha256": InputFile(NAME, _file(path), "--labels").sha256(),
        "model": known.reader,
        "asked": list(known.asked),
    }


def _file(path: Path) -> Path:
    return path / NAME if path.is_dir() else path


def _objects(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as opened:
        for text in opened:
            yield json.loads(text)
