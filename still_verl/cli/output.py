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


def cause(error: Exception) -> str:
    """Say in one line what went wrong; of a file, its name and the cause without the number."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def require_verl(command: str) -> None:
    """End the process with one message unless the verl of this release is installed."""
    try:
        support.require_verl(f"still-verl {command}")
    except support.UnsupportedVersionError as error:
        typer.echo(str(error), err=True)  # without the prefix of `stop`: the message begins with the command
        raise typer.Exit(1) from None


@contextmanager
def only_errors() -> Iterator[None]:
    """Send to the error stream what libraries and their processes print meanwhile: the output is for results.

    vLLM logs to standard output, also from processes that it starts, so the descriptor itself is changed.
    """
    sys.stdout.flush()
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(output, 1)
        os.close(output)
