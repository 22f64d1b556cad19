"""The journal of a run: each sample is one line, written at once, so that a kill loses only what is in flight.

A run folder has `run.json`, what tells this run from others, and `journal.jsonl`, the samples in the order in which
they came. `rows.jsonl` is made from it at the end: scored, in the order of the benchmarks.
"""

import fcntl
import json
import os
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from still_verl.config_errors import ConfigError
from still_verl.evaluation.rows import row_line, row_of

RUN, JOURNAL, ROWS = "run.json", "journal.jsonl", "rows.jsonl"


class _Place(NamedTuple):
    """Where a sample is in the journal, and what it was asked: only the text of the few that are read is in memory."""

    start: int
    size: int
    prompt: int


class Entry(Protocol):
    """What one line of a journal has: the name by which it is found, and what was asked."""

    @property
    def key(self) -> Hashable:
        """Return what tells it from all others of the journal."""

    @property
    def prompt(self) -> str:
        """Return what was asked."""


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class Layout(Generic[E]):
    """How entries of one kind are written.

    Attributes:
        line: makes the line of an entry, with its end.
        read: makes an entry of what JSON has; raises ValueError or TypeError where it is none.
    """

    line: Callable[[E], bytes]
    read: Callable[[dict[str, Any]], E]


SAMPLES = Layout(row_line, row_of)


class Journal(Generic[E]):
    """The samples of one run, or other entries. One process at a time may have it open.

    Attributes:
        repaired: how many lines a kill had torn, or something else had damaged; their samples are missing.
    """

    def __init__(self, folder: Path, layout: Layout[E], see: Callable[[E], None] = lambda entry: None) -> None:
        """Open the journal of a run folder, which is made if it is not there; a torn last line is cut off.

        Args:
            folder: of the run.
            layout: how its entries are written.
            see: is called with each entry that is there, in their order.

        Raises:
            ConfigError: another process has it open, or the folder has other files.
        """
        _insist_on_our_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / JOURNAL
        self.repaired = 0
        self._layout = layout
        self._see = see
        self._places: dict[Hashable, _Place] = {}
        self._file = self.path.open("ab+", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise ConfigError(
                f"--output {folder}: another evaluation is writing there; wait, or choose another"
            ) from None
        self._end = self._scan()

    def _scan(self) -> int:
        """Find all samples; return where the next one begins."""
        start = 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    self.repaired += 1
                    os.ftruncate(self._file.fileno(), start)
                    break
                self._remember(line, start)
                start += len(line)
        return start

    def _remember(self, line: bytes, start: int) -> None:
        try:
            entry = self._layout.read(json.loads(line))
        except (ValueError, TypeError, AttributeError, RecursionError):
            self.repaired += 1
            return
        self._places.setdefault(entry.key, _Place(start, len(line), hash(entry.prompt)))
        self._see(entry)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def asked(self, key: Hashable, prompt: str) -> bool:
        """Return whether a sample that is there was asked with this prompt."""
        return self._places[key].prompt == hash(prompt)

    def add(self, entry: E) -> None:
        """Write one entry; it is on its way to the disk when this returns."""
        line = self._layout.line(entry)
        written = self._file.write(line)
        if written != len(line):
            raise OSError(f"{self.path}: the disk took {written} of {len(line)} bytes")
        self._places[entry.key] = _Place(self._end, len(line), hash(entry.prompt))
        self._end += len(line)

    def read(self, key: Hashable) -> E:
        """Return an entry that is there."""
        place = self._places[key]
        return self._layout.read(json.loads(os.pread(self._file.fileno(), place.size, place.start)))

    def close(self) -> None:
        """Let other processes open it."""
        self._file.close()


def _insist_on_our_folder(folder: Path) -> None:
    """Refuse a folder that holds something else: a run writes into its own."""
    if folder.is_file():
        raise ConfigError(f"--output {folder}: it is a file; choose a folder")
    if not folder.is_dir() or (folder / RUN).exists():
        return
    # A kill may have left the journal alone.
    if any(path.name != JOURNAL and not path.name.startswith(".") for path in folder.iterdir()):
        raise ConfigError(f"--output {folder}: it has files of something else; choose an empty folder or a run's")


def check_identity(folder: Path, identity: Mapping[str, Any]) -> None:
    """Refuse to mix samples of two runs; write down what tells this one from others.

    `identity["benchmarks"]` is compared for the benchmarks that both have: a run may get more of them.

    Raises:
        ConfigError: names what differs.
    """
    # As JSON has it, so that both are compared alike.
    wanted: dict[str, Any] = json.loads(json.dumps(identity))
    found = saved_identity(folder)
    if found:
        differences = _differences(found, wanted)
        if differences:
            raise ConfigError(
                f"--output {folder} has samples of another run: {'; '.join(differences)}. Choose another folder"
            )
        wanted["benchmarks"] = found.get("benchmarks", {}) | wanted.get("benchmarks", {})
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{RUN}.partial"
    partial.write_text(json.dumps(wanted, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(folder / RUN)


def saved_identity(folder: Path) -> dict[str, Any]:
    """Return what tells the run of a folder from others; nothing where there is none yet.

    Raises:
        ConfigError: it cannot be read.
    """
    path = folder / RUN
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not isinstance(found.get("benchmarks", {}), dict):
            raise ValueError("it describes no run")
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is damaged ({error}): choose another --output") from error
    return found


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str = "") -> list[str]:
    differences = []
    for name in sorted({*found, *wanted}):
        there, here = found.get(name), wanted.get(name)
        if prefix == "benchmarks." and (there is None or here is None):
            continue
        if isinstance(there, Mapping) and isinstance(here, Mapping):
            differences += _differences(there, here, f"{prefix}{name}.")
        elif there != here:
            differences.append(f"{prefix}{name} is {_shown(there)} there and {_shown(here)} here")
    return differences


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
