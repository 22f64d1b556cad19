"""How long a distillation takes that finds all of its samples in the journal.

Run `python benchmarks/distill_resume.py [ROWS]`.

A scripted teacher answers one problem; its lines of both journals are multiplied. Seconds of processor time, the second
reading counts: the first also imports.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from scripted_server import ScriptedServer
from scripted_teacher import doubles, doubling, teaching

from still_verl.demonstrations.distill.run import Distilled, distill
from still_verl.demonstrations.distill.settings import DistillSettings
from still_verl.demonstrations.distill.setup import make
from still_verl.evaluation.engines.base import EngineOptions

JOURNALS = ("journal.jsonl", "replies/journal.jsonl")


def resume(file: str, folder: Path, url: str) -> Distilled:
    """Run a distillation, or go on with one."""
    options = EngineOptions("scripted", url, 8)
    wanted = make(DistillSettings(file, folder, options=options, samples=1, sampling={"max_tokens": 400}))
    try:
        return distill(wanted)
    finally:
        wanted.engine.close()


def multiply(journal: Path, rows: int) -> None:
    """Write each line for every problem, with that problem's answer."""
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    with journal.open("w") as file:
        for number in range(rows):
            for line in lines:
                entry = line | {"problem": str(number)}
                if "answer" in entry:
                    right = str(2 * (number + 1))
                    asked = entry["prompt"].replace("double 1", f"double {number + 1}")
                    entry |= {"answer": right, "response": f"\\boxed{{{right}}}", "prompt": asked}
                file.write(json.dumps(entry) + "\n")


def main(rows: int) -> None:
    """Measure, and say how many rows were kept."""
    with tempfile.TemporaryDirectory() as name, ScriptedServer() as server:
        server.write = teaching(doubles)
        folder = Path(name) / "run"
        resume(doubling(Path(name), 1), folder, server.url)
        for journal in JOURNALS:
            multiply(folder / journal, rows)
        file = doubling(Path(name), rows)
        for _ in range(2):
            start = time.process_time()
            found = resume(file, folder, server.url)
            print(f"{time.process_time() - start:.2f} s of a processor, {found.counts.kept:,} rows kept")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
