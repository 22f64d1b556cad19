"""Trees of MathML for formulas, made in a process that ends in time whatever a model wrote."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from still_verl.report.formulas import convert

SECONDS = 20.0  # for all formulas of a page
TOTAL = 3_000_000  # characters of all trees of a page; compressed a tenth


def render(formulas: Sequence[str]) -> dict[str, convert.Tree]:
    """Return the trees of formulas by formula.

    What is missing is shown as it was written: what cannot be drawn, what there is no time or room for, and everything
    where the package latex2mathml is not installed.
    """
    if not formulas or find_spec("latex2mathml") is None:
        return {}
    found: dict[str, convert.Tree] = {}
    room = TOTAL
    for formula, line in zip(formulas, _lines(formulas), strict=False):
        room -= len(formula) + len(line)
        if room < 0:
            break
        if line != b"null":
            found[formula] = json.loads(line)
    return found


def _lines(formulas: Sequence[str]) -> list[bytes]:
    """Return what the process wrote, whole lines only."""
    asked = "".join(json.dumps(formula) + "\n" for formula in formulas)
    # By its path: with `-m` a file json.py in the working folder would be imported first.
    command = [sys.executable, convert.__file__]
    try:
        done = subprocess.run(command, input=asked.encode(), capture_output=True, timeout=SECONDS)
        written = done.stdout
    except subprocess.TimeoutExpired as expired:
        written = expired.stdout or b""
    return written.split(b"\n")[:-1]
