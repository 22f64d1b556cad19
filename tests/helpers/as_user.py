"""Runs a command as an ordinary user, from a test that root runs: in a mount namespace where that user can read Python.

python tests/helpers/as_user.py COMMAND...
"""

import os
import sys
from pathlib import Path

from still_verl.interpreter.sandbox.local import syscalls

USER = 4242
ROOT = Path(__file__).resolve().parents[2]


def closed_folder(path: Path) -> Path | None:
    """The outermost folder above `path` that only its owner may pass."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None


def open_the_way(paths: list[Path]) -> None:
    """Replace the folders above `paths` that nobody may pass by empty ones that have these paths only."""
    behind = {path: closed for path in paths if (closed := closed_folder(path))}
    # All before the first is replaced: they may be behind the same one.
    aside = {path: os.open(path, os.O_PATH) for path in behind}
    for folder in set(behind.values()):
        syscalls.mount("tmpfs", str(folder), "tmpfs", 0, "mode=755")
    for path, descriptor in aside.items():
        path.mkdir(parents=True, exist_ok=True)
        syscalls.mount(f"/proc/self/fd/{descriptor}", str(path), None, syscalls.MS_BIND | syscalls.MS_REC)
        os.close(descriptor)


def main(command: list[str]) -> None:
    """Become the user and start the command; both ends are this process's."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    open_the_way(sorted({Path(sys.base_prefix), Path(sys.prefix).resolve(), ROOT}))  # an outer one before an inner one
    os.chdir(ROOT)
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    os.environ["HOME"] = "/tmp"
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
