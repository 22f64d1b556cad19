"""A program that every sandbox must be able to run, and what is wrong with one that is not."""

import sys

from still_verl.interpreter.sandbox.base import Result

# Modules that the server of the local sandbox has not loaded: programs must be able to read the libraries themselves.
PROGRAM = """
import colorsys, graphlib, hashlib, wave
print(6 * 7)
"""
EXPECTED = "42\n"


def fault(result: Result) -> str:
    """Return why a sandbox whose result of `PROGRAM` this is must not be used, in one line; empty if it may be."""
    if result.kind == "ok" and result.stdout == EXPECTED:
        return ""
    error = result.error or f"it printed {result.stdout[:80]!r}"
    if "ModuleNotFoundError" in error or "ImportError" in error:
        last = error.strip().rpartition("\n")[2]
        return (
            f"programs cannot import modules that are not loaded yet ({last}): they run as another user, who cannot "
            f"read {sys.base_prefix}; let others pass the folders above it (chmod o+x), or do not start as root"
        )
    return " ".join(error.split())
