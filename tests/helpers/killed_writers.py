"""Kills writers of a metrics file at random, and looks at what is left: `python killed_writers.py FOLDER KILLS`.

A program, because it forks for each writer: a fork of a process that holds all tests takes a fifth of a second.
"""

import itertools
import os
import random
import signal
import sys
import time
from pathlib import Path

from still_verl.monitor.jsonl import RotatedFile, json_lines


def write_until_killed(path: Path, said: int) -> None:
    """In a child: rows for ever; the number of each that is written goes to the pipe `said`."""
    file = RotatedFile(path, 10**9, 1)
    for number in itertools.count():
        file.write([{"n": number, "text": "x\u2028" * 3000}])
        os.write(said, number.to_bytes(8, "big"))


def kill_one(path: Path, seconds: float) -> None:
    """Start a writer and kill it: what it said it wrote is there."""
    told, say = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write_until_killed(path, say)
        finally:
            os._exit(1)
    os.close(say)
    os.read(told, 8)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(told, "rb") as pipe:
        written = 1 + len(pipe.read()) // 8
    kept = [row["n"] for row in json_lines(path)]
    assert kept == list(range(len(kept))) and len(kept) >= written, (written, kept)
    path.unlink()


if __name__ == "__main__":
    rng = random.Random(0)
    for attempt in range(int(sys.argv[2])):
        kill_one(Path(sys.argv[1], f"{attempt}.jsonl"), rng.uniform(0, 0.01))
