"""What every command shares: where it prints, and how it ends when it cannot go on."""

from typing import NoReturn

import typer
from rich.console import Console

from still_verl import support

console = Console()


def stop(message: str, code: int = 1) -> NoReturn:
    """End the process with one message and an exit code."""
    typer.echo(f"still-verl: {message}", err=True)
    raise typer.Exit(code)


def require_verl(command: str) -> None:
    """End the process with one message unless the verl of this release is installed."""
    try:
        support.require_verl(f"still-verl {command}")
    except support.UnsupportedVersionError as error:
        typer.echo(str(error), err=True)  # without the prefix of `stop`: the message begins with the command
        raise typer.Exit(1) from None
