"""Writes a page to a file of which a reader never sees half, and which is no device."""

import os
from pathlib import Path

from still_verl.config_errors import ConfigError


def check_output(option: str, path: Path) -> None:
    """Check that the path of an option is a file, or nothing yet.

    Raises:
        ConfigError: it is a folder, a pipe or a device, which a file would replace.
    """
    if path.is_dir():
        raise ConfigError(f"{option} {path} is a folder: name a file in it, e.g. {path / 'report.html'}")
    if path.exists() and not path.is_file():
        raise ConfigError(f"{option} {path} is a pipe or a device: name a file")


def write_whole(path: Path, text: str) -> None:
    """Write a file, under another name first: a browser that reloads meanwhile gets a whole page.

    Args:
        path: of which `check_output` says that it may be written.
        text: of the file.

    Raises:
        OSError: it cannot be written.
    """
    target = path.resolve()  # a link stays one
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    partial.write_text(text, encoding="utf-8", errors="backslashreplace")  # a path may be no text
    os.replace(partial, target)
