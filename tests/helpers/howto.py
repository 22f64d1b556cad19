r"""A page of docs/howto, followed to the letter: its files are written, its commands are run, its outputs compared.

On such a page a block with `title="NAME"` is a file, a block of `bash` is run, and a block `text title="prints"` has
lines that the commands before it print. All commands of a page share one shell, which stops at the first that fails.
Follow one by hand with `python tests/helpers/howto.py docs/howto/resume.md FOLDER`.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_MARK = "=== block"  # printed before the commands of each block


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its title or an empty text, and what is in it."""

    language: str
    title: str
    text: str

    @property
    def is_file(self) -> bool:
        return bool(self.title) and self.title != "prints"

    @property
    def is_run(self) -> bool:
        return self.language == "bash" and not self.title


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page that have a language, in order."""
    return [Block(*found) for found in _BLOCK.findall(page.read_text())]


def trains(page: Path) -> bool:
    """Say whether a page starts a job, which takes minutes."""
    return any("main_ppo" in block.text for block in blocks(page))


def script(page: Path) -> str:
    """Return the commands of a page as one script of bash, with a mark before each block."""
    lines = ["set -euo pipefail"]
    for number, block in enumerate(blocks(page)):
        if block.is_run:
            lines += [f"echo; echo '{_MARK} {number}'", block.text]  # what came before may end without a line break
    return "\n".join(lines)


def write_files(page: Path, folder: Path) -> None:
    """Write the files of a page below a folder."""
    for block in blocks(page):
        if block.is_file:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)


def missing_lines(page: Path, output: str) -> list[str]:
    """Return the lines that a page says are printed, and that the block before them did not print."""
    parts = dict(re.findall(rf"^{_MARK} (\d+)\n(.*?)(?=^{_MARK} |\Z)", output, re.MULTILINE | re.DOTALL))
    missing, printed = [], ""
    for number, block in enumerate(blocks(page)):
        if block.is_run:
            printed = parts.get(str(number), "")
        elif block.title == "prints":
            missing += [line for line in block.text.splitlines() if line not in printed]
    return missing


def follow(page: Path, folder: Path, timeout: float) -> str:
    """Follow a page in an empty folder, and return what its commands printed.

    Raises:
        AssertionError: a command failed, or did not print what the page says.
    """
    write_files(page, folder)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (folder / "followed.log").open("w") as log:
        done = subprocess.run(
            ["bash", "-c", script(page)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            env=os.environ | {"PATH": path, "COLUMNS": "200"},
        )
    output = (folder / "followed.log").read_text()
    assert done.returncode == 0, f"{page.name} ended with {done.returncode}:\n{output[-6000:]}"
    assert not missing_lines(page, output), f"{page.name}: not printed: {missing_lines(page, output)}\n{output[-6000:]}"
    return output


if __name__ == "__main__":
    place = Path(sys.argv[2])
    place.mkdir(parents=True)
    print(follow(Path(sys.argv[1]).resolve(), place, timeout=3600))
