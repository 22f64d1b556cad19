"""What every command shares: where it prints, and how it ends when it cannot go on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console

from still_verl import support

console = Console()


def stop(message: str, code: int = 1) -> NoReturn:
    """End the process with one message and an exit code."""
    typer.echo(f"still-verl: {message}", err=True)
    raise typer.Exit(code)


@contextmanager
def output_on_stderr() -> Iterator[None]:
    """Send what libraries print, C code among it, to the error stream: what we print may be read by a program."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)


def require_verl(command: str) -> None:
    """End the process with one message unless the verl of this release is installed."""
    try:
        support.require_verl(f"still-verl {command}")
    except support.UnsupportedVersionError as error:
        typer.echo(str(error), err=True)  # without the prefix of `stop`: the message begins with the command
        raise typer.Exit(1) from None
