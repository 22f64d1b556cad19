"""Runs a command as an ordinary user, from a test that root runs: in a mount namespace where that user can read Python.

python tests/helpers/as_user.py COMMAND...
"""

import os
import sys
from pathlib import Path

from still_verl.interpreter.sandbox.local import syscalls

USER = 4242
ROOT = Path(__file__).resolve().parents[2]


def closed_folders(path: Path) -> list[Path]:
    """The folders above `path` that only their owner may pass, outermost first."""
    return [folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001]


def open_the_way(path: Path) -> None:
    """Replace a folder above `path` that nobody may pass by an empty one that has `path` only."""
    closed = closed_folders(path)
    if not closed:
        return
    aside = os.open(path, os.O_PATH)
    syscalls.mount("tmpfs", str(closed[0]), "tmpfs", 0, "mode=755")
    path.mkdir(parents=True)
    syscalls.mount(f"/proc/self/fd/{aside}", str(path), None, syscalls.MS_BIND | syscalls.MS_REC)
    os.close(aside)


def main(command: list[str]) -> None:
    """Become the user and start the command; both ends are this process's."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    for path in {Path(sys.base_prefix), Path(sys.prefix).resolve(), ROOT}:
        open_the_way(path)
    os.chdir(ROOT)
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    os.environ["HOME"] = "/tmp"
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
