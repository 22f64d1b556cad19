"""Our two readings beside math-verify on pairs of answers that are labelled equal or not, by kind, as a table.

    python benchmarks/verify_reports.py [--data FILE] [--half shown,hidden]

The file has a JSON object in each line: `kind`, `gold`, `answer` or `response`, `equal`, `arguable`, and `math_verify`,
what math-verify says. Rows where people differ (`arguable`) are left out. A response counts with the answer that
`extract` finds in it. `--half` takes a half of the rows, by a hash of their texts: rules are written against the one
that is shown, and the other says what they are worth.
"""

import argparse
import hashlib
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from still_verl.rewards.equivalence.reading import READINGS
from still_verl.rewards.equivalence.verify import verify
from still_verl.rewards.extract import extract

GRADERS = (*READINGS, "math-verify")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "verify_reports.jsonl"


@dataclass
class Counts:
    """Of one kind: how many rows are equal and not, and how many of both each grader accepts."""

    equal: int = 0
    unequal: int = 0
    found: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GRADERS, 0))
    accepted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GRADERS, 0))

    def add(self, equal: bool, verdicts: dict[str, bool]) -> None:
        self.equal += equal
        self.unequal += not equal
        counts = self.found if equal else self.accepted
        for name, verdict in verdicts.items():
            counts[name] += verdict

    def merge(self, other: "Counts") -> None:
        self.equal += other.equal
        self.unequal += other.unequal
        for name in GRADERS:
            self.found[name] += other.found[name]
            self.accepted[name] += other.accepted[name]


def is_shown(row: dict) -> bool:
    text = f"{row['gold']}\x00{row.get('answer', row.get('response'))}"
    return hashlib.sha1(text.encode()).digest()[0] % 2 == 0


def verdicts_of(row: dict) -> dict[str, bool]:
    answer = row["answer"] if row["type"] == "pair" else extract(row["response"]).answer
    verdicts = {reading: verify(row["gold"], answer, reading).equal for reading in READINGS}
    return {**verdicts, "math-verify": bool(row["math_verify"])}


def by_kind(rows: list[dict]) -> dict[str, Counts]:
    counts: dict[str, Counts] = defaultdict(Counts)
    for row in rows:
        kind = row["kind"] if row["type"] == "pair" else f"response: {row['kind']}"
        counts[kind].add(row["equal"], verdicts_of(row))
    return counts


def show(counts: dict[str, Counts]) -> Table:
    table = Table("kind", "equal", *GRADERS, "unequal", *GRADERS)
    total = Counts()
    for kind, count in sorted(counts.items()):
        total.merge(count)
        table.add_row(kind, *cells(count))
    table.add_section()
    table.add_row("all", *cells(total))
    shares = [f"{total.found[name] / max(total.equal, 1):.3f}" for name in GRADERS]
    table.add_row("recall", "", *shares)
    return table


def cells(count: Counts) -> list[str]:
    found = [str(count.found[name]) for name in GRADERS]
    accepted = [str(count.accepted[name]) for name in GRADERS]
    return [str(count.equal), *found, str(count.unequal), *accepted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--half", choices=("shown", "hidden"))
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.data.read_text().splitlines()]
    rows = [row for row in rows if not row["arguable"]]
    if options.half:
        rows = [row for row in rows if is_shown(row) == (options.half == "shown")]
    started = time.perf_counter()
    console = Console(width=130)
    console.print(show(by_kind(rows)))
    console.print(f"{len(rows)} rows in {time.perf_counter() - started:.0f} s; math-verify's verdicts are the file's")


if __name__ == "__main__":
    main()
