"""Which graders can be cheated: recall, false accepts by kind and worst time over pairs made to attack a verifier.

    python benchmarks/reward_attacks.py [--data FOLDER] [--graders NAME ...] [--python lighteval=/path/to/python ...]

The pairs are `verify_reports.jsonl` (gold, answer, whether they are equal, kind), without the rows about which people
disagree. Every grader gets each answer in a box, one after the other, in a process of its own, which is killed when one
pair takes more than `LIMIT_S`; such an answer counts as refused. A grader that needs another environment runs with the
interpreter that `--python` names; one that does not import is listed with the reason.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attack_graders import GRADERS, VERSIONS_OF, load
from rich.console import Console
from rich.table import Table

LIMIT_S = 20.0
SHOWN_KINDS = 14  # of false accepts, those with the most; the others are added up


@dataclass
class Figures:
    """What one grader did."""

    equal: int = 0
    unequal: int = 0
    accepted: int = 0
    false_accepts: Counter[str] = field(default_factory=Counter)
    worst_s: float = 0.0
    stopped: int = 0
    obstacle: str = ""


class Grader:
    """A grader in a process of its own, started again after a pair that took too long."""

    def __init__(self, name: str, python: str) -> None:
        self._command = [python, __file__, "--serve", name]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start the process; return why the grader cannot run, or nothing."""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        return self._line().get("obstacle", "")

    def grade(self, gold: str, answer: str) -> tuple[bool, float]:
        """Return whether an answer is accepted, and the seconds that it took; killed at the limit."""
        assert self._process is not None and self._process.stdin is not None
        started = time.perf_counter()
        self._process.stdin.write(json.dumps([gold, answer]) + "\n")
        self._process.stdin.flush()
        try:
            equal = bool(self._line()["equal"])
        except (KeyError, json.JSONDecodeError, TimeoutError):
            self.close()
            self.start()
            equal = False
        return equal, time.perf_counter() - started

    def _line(self) -> dict[str, Any]:
        """The next line of the process's output.

        Raises:
            TimeoutError: none came in time.
        """
        import select

        assert self._process is not None and self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], 6 * LIMIT_S if not self._is_warm else LIMIT_S)
        self._is_warm = True
        if not ready:
            raise TimeoutError
        return json.loads(self._process.stdout.readline() or "{}")

    _is_warm = False

    def close(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._is_warm = False


def serve(name: str) -> None:
    """Grade the pairs that come on standard input; whatever a grader prints goes elsewhere."""
    output = sys.stdout
    sys.stdout = sys.stderr
    try:
        grade = load(name)
        grade("12", r"\frac{24}{2}")
    except Exception as error:
        print(json.dumps({"obstacle": f"{type(error).__name__}: {error}"}), file=output, flush=True)
        return
    print(json.dumps({"obstacle": ""}), file=output, flush=True)
    for line in sys.stdin:
        gold, answer = json.loads(line)
        try:
            equal = grade(gold, answer)
        except Exception:  # what a grader raises is no point
            equal = False
        print(json.dumps({"equal": bool(equal)}), file=output, flush=True)


def measure(name: str, python: str, rows: list[dict[str, Any]]) -> Figures:
    """Run one grader over all pairs."""
    figures = Figures()
    grader = Grader(name, python)
    try:
        figures.obstacle = grader.start()
        if figures.obstacle:
            return figures
        for row in rows:
            accepted, seconds = grader.grade(row["gold"], row["answer"])
            figures.worst_s = max(figures.worst_s, seconds)
            figures.stopped += seconds > LIMIT_S
            figures.equal += row["equal"]
            figures.unequal += not row["equal"]
            figures.accepted += accepted and row["equal"]
            if accepted and not row["equal"]:
                figures.false_accepts[row["kind"]] += 1
    finally:
        grader.close()
    return figures


def table(found: dict[str, Figures], rows: list[dict[str, Any]]) -> Table:
    """Return the figures: a column for each grader, a row for each kind."""
    made = Table(title=f"{len(rows)} pairs; false accepts by kind, with the number of unequal pairs of the kind")
    made.add_column("")
    for name in found:
        made.add_column(name, justify="right")
    runs = list(found.values())
    made.add_row("recall", *[f"{run.accepted / max(run.equal, 1):.3f}" for run in runs])
    made.add_row("false accepts", *[f"{run.false_accepts.total()} of {run.unequal}" for run in runs])
    made.add_row("worst time, s", *[_time(run) for run in runs])
    made.add_section()
    sizes = Counter(row["kind"] for row in rows if not row["equal"])
    most = Counter[str]()
    for run in runs:
        most += run.false_accepts
    kinds = [kind for kind, _ in most.most_common(SHOWN_KINDS)]
    for kind in kinds:
        made.add_row(f"{kind} ({sizes[kind]})", *[str(run.false_accepts[kind]) for run in runs])
    rest = sum(sizes.values()) - sum(sizes[kind] for kind in kinds)
    others = [run.false_accepts.total() - sum(run.false_accepts[kind] for kind in kinds) for run in runs]
    made.add_row(f"all others ({rest})", *map(str, others))
    return made


def _time(run: Figures) -> str:
    if run.stopped:
        return f"> {LIMIT_S:.0f} ({run.stopped})"
    return f"{run.worst_s:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--graders", nargs="*", default=list(GRADERS), metavar="NAME", help=", ".join(GRADERS))
    parser.add_argument(
        "--python", action="append", default=[], metavar="NAME=PATH", help="another interpreter for one"
    )
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    pythons = dict(each.split("=", 1) for each in options.python)
    rows = []
    for line in (options.data / "verify_reports.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["type"] == "pair" and not row["arguable"] and isinstance(row["gold"], str):
            rows.append(row)
    console = Console(width=200)
    found = {}
    for name in options.graders:
        figures = measure(name, pythons.get(name, sys.executable), rows)
        if figures.obstacle:
            console.print(f"{name} ({VERSIONS_OF.get(name, '')}) does not run here: {figures.obstacle}")
        else:
            found[name] = figures
    console.print(table(found, rows))


if __name__ == "__main__":
    main()
