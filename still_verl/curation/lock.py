"""Keeps a folder for one process at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from still_verl.config_errors import ConfigError

NAME = ".lock"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold a folder, which is made if it is not there; the kernel lets it go when the process ends, however it does.

    Raises:
        ConfigError: another process holds it.
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"-o {folder}: another process is writing there; wait until it ends, or name another folder"
            ) from None
        yield
