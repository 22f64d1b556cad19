"""How long `still-verl eval --from` takes for a large dump, and how much memory: python benchmarks/evaluation.py [ROWS]

Writes a dump as verl does, of as many different responses as there are rows: 500 problems, numbers and formulas, wrong
answers of which many are equal, thoughts of some thousand characters. Then scores and tables it in another process.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROBLEMS = 500
FORMS = ("{}", "{}.0", r"\frac{{{}}}{{1}}", "{} + 0", r"{}\pi", r"\sqrt{{{}}}", "({}, 1)", "x = {}", r"{} \text{{ cm}}")
THOUGHT = "Let me think about this step by step. First, we note that the sum is even, so that it holds. Wait, "


def write_dump(path: Path, rows: int) -> None:
    """Write `rows` samples of `PROBLEMS` problems, each response different."""
    draw = random.Random(0)
    with path.open("w") as file:
        for number in range(rows):
            problem = number % PROBLEMS
            gold = FORMS[problem % len(FORMS)].format(problem)
            answer = FORMS[draw.randrange(len(FORMS))].format(problem + draw.choice((0, 0, 1, 2, draw.randrange(99))))
            response = f"{THOUGHT * draw.randrange(5, 40)}{number}</think> So it is \\boxed{{{answer}}}."
            row = {"input": f"Problem {problem}?", "output": response, "gts": gold, "score": 0.0, "step": 9}
            file.write(json.dumps(row) + "\n")


def main(rows: int) -> None:
    """Print seconds and the largest memory of the process and its children."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "9.jsonl"
        write_dump(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB")
        for option in ([], ["--rescore"]):
            command = [sys.executable, "-m", "still_verl", "eval", "--from", str(path), *option]
            started = time.perf_counter()
            subprocess.run(command, check=True)
            seconds = time.perf_counter() - started
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            processor = used.ru_utime + used.ru_stime
            name = " ".join(option) or "as the file says"
            # The processor's seconds are those of all runs so far.
            print(f"{name}: {seconds:.1f} s ({processor:.1f} s of a processor), {used.ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
