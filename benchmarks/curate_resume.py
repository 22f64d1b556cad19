"""Whether `still-verl data curate` writes the same bytes when it is killed, with one worker and with shuffled lines.

Run `python benchmarks/curate_resume.py [ROWS] [KILLS]`.

Curates synthetic rows once with two workers. Then again: killed at random moments and resumed; with one worker; with
the lines of the input shuffled. Prints for each what the set is: the digests of its kept and of its dropped rows.
"""

import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from curate import rows

PART = 10_000  # rows that are made at once
START_S = 3.0  # what a process needs before it goes on with the rows


def command(folder: Path, source: str, output: str, workers: int) -> list[str]:
    """Return the command of a curation."""
    call = [sys.executable, "-m", "still_verl", "data", "curate", str(folder / source), "-o", str(folder / output)]
    return [*call, "--against", str(folder / "eval.jsonl"), "--workers", str(workers)]


def whole(folder: Path, source: str, output: str, workers: int) -> float:
    """Curate without a kill, and return how long it took in seconds."""
    start = time.perf_counter()
    subprocess.run(command(folder, source, output, workers), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def killed(folder: Path, output: str, kills: int, seconds: float, pick: random.Random) -> None:
    """Kill a curation at random moments and resume it, at last let it end; one that ends before begins anew."""
    left = kills
    while left:
        process = subprocess.Popen(command(folder, "rows.jsonl", output, 2), stdout=subprocess.DEVNULL)
        try:
            process.wait(START_S + pick.uniform(0, 2 * seconds / kills))
            shutil.rmtree(folder / output)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            left -= 1
    whole(folder, "rows.jsonl", output, 2)


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of the bytes of the kept and of the dropped rows."""
    names = ("train.parquet", "dropped.jsonl")
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest()[:16] for name in names}


def make(folder: Path, count: int, pick: random.Random) -> None:
    """Write the rows, the same rows shuffled, and the evaluation."""
    made: list[str] = []
    for start in range(0, count, PART):
        made += rows(min(PART, count - start), start)
    (folder / "rows.jsonl").write_text("\n".join(made) + "\n")
    pick.shuffle(made)
    (folder / "shuffled").mkdir()
    (folder / "shuffled" / "rows.jsonl").write_text("\n".join(made) + "\n")
    (folder / "eval.jsonl").write_text("\n".join(rows(2000, 10**9)) + "\n")


def main(count: int, kills: int) -> None:
    """Curate four times, and compare."""
    pick = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, count, pick)
        seconds = whole(folder, "rows.jsonl", "first", 2)
        expected = digests(folder / "first")
        print(json.dumps({"set": "two workers", "seconds": round(seconds), **expected}), flush=True)
        killed(folder, "killed", kills, seconds, pick)
        print(json.dumps({"set": f"killed {kills} times", **digests(folder / "killed")}), flush=True)
        seconds = whole(folder, "rows.jsonl", "one", 1)
        print(json.dumps({"set": "one worker", "seconds": round(seconds), **digests(folder / "one")}), flush=True)
        whole(folder, "shuffled/rows.jsonl", "other", 2)
        print(json.dumps({"set": "lines shuffled", **digests(folder / "other")}), flush=True)
        differ = [set_ for set_ in ("killed", "one", "other") if digests(folder / set_) != expected]
    sys.exit(f"not the same: {', '.join(differ)}" if differ else 0)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(given[0] if given else 1_000_000, given[1] if len(given) > 1 else 20)
