"""Reads verl's console log, `step:7 - actor/entropy:0.1 - ...`, as it was printed, or with Ray's prefix and colours."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
STEP = re.compile(r"(?:^|\s)step:(\d+) - (.*)")
NUMBER = re.compile(r"(?:np\.\w+\()?([-+.\w]+)\)?")  # numpy writes np.float64(0.1)
SEARCHED_BYTES = (
    50_000_000  # at the beginning of a file, for its first step: a log may begin with megabytes of warnings
)
LONGEST = 1_000_000  # characters of a line: a longer one is no line of metrics


def console_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield a row of metrics for each step that was printed; a line that is torn gives what is whole of it."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if "step:" in line and len(line) <= LONGEST:
                found = STEP.search(COLOURS.sub("", line))
                if found:
                    yield {"step": int(found[1])} | _metrics(found[2])


def is_console_log(path: Path) -> bool:
    """Return whether a file has a step that verl printed, in its first `SEARCHED_BYTES`."""
    with path.open("rb") as file:
        read = 0
        for line in file:
            read += len(line)
            if b"\0" in line or read > SEARCHED_BYTES:  # a binary file
                return False
            found = b"step:" in line and STEP.search(COLOURS.sub("", line.decode("utf-8", "replace")))
            if found and _metrics(found[2]):
                return True
    return False


def _metrics(text: str) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for part in text.split(" - "):
        name, _, value = part.strip().rpartition(":")
        number = NUMBER.fullmatch(value)
        if not name or number is None:
            continue
        try:
            metrics[name] = float(number[1])
        except ValueError:  # what a kill tore, or text
            continue
    return metrics
