"""Lines that a notebook takes and Python does not: `!pip install x`, `%matplotlib inline`. They say what is there."""

import ast
import builtins
import re

_COMMAND = re.compile(r"(\s*)([!%].*\S)\s*")
_MAX_COMMANDS = 100
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def parse(code: str, name: str) -> tuple[str, ast.Module]:
    """Parse a block; a line that is no Python and begins with ! or % becomes a call that answers it.

    Args:
        code: the block.
        name: what it is called in errors.

    Returns:
        The block as it is run, and its tree.

    Raises:
        SyntaxError: of the block, whose lines are where they were.
    """
    try:
        return code, ast.parse(code, name)
    except SyntaxError as error:
        latest = error
    for _ in range(_MAX_COMMANDS):
        rewritten = _without_command(code, latest)
        if rewritten is None:
            break
        code = rewritten
        builtins.__command__ = answer  # type: ignore[attr-defined]
        try:
            return code, ast.parse(code, name)
        except SyntaxError as error:
            latest = error
    raise latest


def _without_command(code: str, error: SyntaxError) -> str | None:
    """Return the block with the line of the error as a call; None when that line is no command."""
    lines = code.split("\n")
    number = (error.lineno or 0) - 1
    if not 0 <= number < len(lines):
        return None
    command = _COMMAND.fullmatch(lines[number])
    if command is None:
        return None
    lines[number] = f"{command[1]}__command__({command[2]!r})"
    return "\n".join(lines)


def answer(command: str) -> None:
    """Print what a model needs to know instead of running `command`."""
    words = command.lstrip("!%").split()
    if "pip" in words[:3] or "conda" in words[:1]:
        _answer_pip(words)
    elif command.startswith("!"):
        print(f"{command}: there is no shell here, only Python.")
    elif words[:1] != ["matplotlib"]:
        print(f"{command}: there are no notebook commands here, only Python.")


def _answer_pip(words: list[str]) -> None:
    from importlib import metadata

    asked = []
    for word in words[words.index("install") + 1 :] if "install" in words else []:
        requirement = _REQUIREMENT.match(word)
        if requirement is not None:
            asked.append(requirement[0])
    for package in asked:
        try:
            print(f"{package} {metadata.version(package)} is installed.")
        except metadata.PackageNotFoundError:
            print(f"{package} is not installed, and nothing can be installed here.")
    if not asked:
        installed = {f"{found.metadata['Name']} {found.version}" for found in metadata.distributions()}
        print("Nothing can be installed here. Installed: " + ", ".join(sorted(installed, key=str.lower)))
