"""Starts runs of `still-verl eval` and kills them: what tests of resuming share."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def lines_of(journal: Path) -> int:
    """Count the samples that a journal has."""
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def kill_after(rows: int, command: Sequence[str], journal: Path, seconds: float = 120.0) -> None:
    """Start a run and kill it when it has written so many rows more."""
    there = lines_of(journal)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + seconds
    while lines_of(journal) < there + rows and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was over before it could be killed"
