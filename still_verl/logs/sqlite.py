"""Opens data bases of SQLite for reading, also while another process writes, and on a disk that is read-only."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from still_verl.logs.files import Notes, head, plain

MARK = b"SQLite format 3\0"
PATIENCE_S = 5.0  # with a process that writes


def tables(path: Path) -> dict[str, set[str]]:
    """Return the columns of each table of a file; empty for one that is no data base."""
    if head(path, len(MARK)) != MARK:
        return {}
    found = {}
    try:
        with opened(path, Notes()) as base:
            names = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                found[name] = {row[1] for row in base.execute(f'PRAGMA table_info("{name}")')}
    except OSError:  # damaged
        return {}
    return found


@contextmanager
def opened(path: Path, notes: Notes) -> Iterator[sqlite3.Connection]:
    """Open a data base for reading.

    Raises:
        OSError: it is damaged, or another process keeps it locked.
    """
    with plain(path, notes) as file:
        try:
            with closing(_connect(file)) as base:
                yield base
        except sqlite3.Error as error:
            raise OSError(f"{path} cannot be read as a data base: {error}") from error


def _connect(file: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(file.resolve()))}?mode=ro"
    base = sqlite3.connect(address, uri=True, timeout=PATIENCE_S)
    try:
        base.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    except sqlite3.OperationalError:
        base.close()
        # A log of changes beside it (WAL) cannot be opened where nothing may be written.
        base = sqlite3.connect(f"{address}&immutable=1", uri=True, timeout=PATIENCE_S)
    base.text_factory = _text
    return base


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
