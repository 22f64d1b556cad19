"""`run-code`: one program in the sandbox."""

import json
from pathlib import Path
from typing import Annotated

import typer

from still_verl.cli.output import stop


def run_code(
    file: Annotated[Path | None, typer.Argument(help="A Python program.")] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the program from standard input.")] = False,
    input: Annotated[Path | None, typer.Option(help="A file that the program reads as its standard input.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds of wall time.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run one program in the sandbox; exit 0 when it ran to its end, 1 when it failed, 2 when there is no sandbox."""
    from still_verl.interpreter.sandbox.base import Limits, SandboxUnavailable
    from still_verl.interpreter.sandbox.local.client import Local

    if (file is None) != stdin:
        stop("give a FILE or --stdin", code=2)
    try:
        if file:
            code = _text(file)
        else:
            code = typer.get_text_stream("stdin").read()
        sandbox = Local(Limits(seconds=timeout))
        result = sandbox.run(code, stdin=_content(input) if input else None)
    except (SandboxUnavailable, OSError, ValueError) as error:
        stop(str(error), code=2)
    sandbox.close()
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        ends_a_line = not result.stdout or result.stdout.endswith("\n")
        typer.echo(result.stdout, nl=not ends_a_line)
        if result.error:
            typer.echo(result.error, err=True)
        typer.echo(f"[{result.seconds:.3f} s, tier {result.tier}]", err=True)
    if result.error:
        raise typer.Exit(1)


def _text(file: Path) -> str:
    """Read a program, or end the process with its name."""
    try:
        return _content(file).decode()
    except UnicodeDecodeError as error:
        stop(f"{file} is no text in UTF-8 ({error.reason} at byte {error.start}): give a Python program", code=2)


def _content(file: Path) -> bytes:
    """Read a file, or end the process with its name."""
    if file.is_char_device():  # it may have no end
        stop(f"{file} is a device: give a file", code=2)
    try:
        return file.read_bytes()
    except OSError as error:
        stop(f"{file} cannot be read ({error.strerror}): give a file that is there", code=2)
