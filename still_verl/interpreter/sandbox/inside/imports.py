"""Finds modules that the program itself has written: Python looks for files first where a program runs."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class LookAgain:
    """Asked when nobody else has found a module: a file that was written a moment ago may not have been seen."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Look for a module in the folders of Python's path, as they are now."""
        PathFinder.invalidate_caches()
        return PathFinder.find_spec(name, path, target)


def find_written_modules() -> None:
    """Let `import` find files of the working directory, at once."""
    if "" not in sys.path:
        sys.path.insert(0, "")
    if LookAgain not in sys.meta_path:
        sys.meta_path.append(LookAgain)
