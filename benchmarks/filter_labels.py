"""How often the filters of `still-verl data curate` agree with two readers who did not know what the filters say.

Run `python benchmarks/filter_labels.py PROBLEMS`. PROBLEMS is a JSON list of rows with `id`, `problem` and `answer`, in
which the ids of `benchmarks/filter_labels/*.jsonl` are found: one file for each reader, with a line for each row, its
`id` and the `labels` that fit. `rubric.md` beside them is what the readers were told.

A filter is asked alone, whatever the filters before it say. Rows about which the readers disagree do not count; they
are listed with `--list`, as are the rows about which the filter is wrong.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from still_verl.curation.registries import FILTERS
from still_verl.curation.rows import Fields, Row

LABELS = Path(__file__).with_suffix("")
Labels = Mapping[str, frozenset[str]]  # of each row


def labels(file: Path) -> Labels:
    """Read what one reader said."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return {row["id"]: frozenset(row["labels"]) for row in rows}


def verdicts(problems: Sequence[Mapping[str, object]], known: Labels) -> Labels:
    """Ask each filter about each row that has labels."""
    found = {}
    for each in problems:
        if each["id"] in known:
            row = Row(Fields(problem=str(each["problem"]), answer=each["answer"]), str(each["id"]), "")
            found[row.id] = frozenset(name for name in FILTERS if FILTERS.find(name)(row))
    return found


def kappa(name: str, one: Labels, other: Labels) -> float:
    """Compute Cohen's kappa of two readers for one label: 1 is agreement, 0 what chance gives."""
    said = [(name in one[row], name in other[row]) for row in one]
    same = sum(first == second for first, second in said) / len(said)
    first, second = (sum(each[reader] for each in said) / len(said) for reader in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    return 1.0 if chance == 1 else (same - chance) / (1 - chance)


def share(part: int, whole: int) -> str:
    """Write a share with its counts."""
    return f"{part / whole:.3f} ({part}/{whole})" if whole else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", type=Path)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    problems = json.loads(options.problems.read_text())
    one, other = (labels(file) for file in sorted(LABELS.glob("*.jsonl")))
    said = verdicts(problems, one)
    console = Console(width=160)
    table = Table("filter", "kappa", "readers disagree", "precision", "recall")
    for name in FILTERS:
        agreed = {row for row in said if (name in one[row]) == (name in other[row])}
        fits = {row for row in agreed if name in one[row]}
        drops = {row for row in agreed if name in said[row]}
        right = len(fits & drops)
        cells = f"{kappa(name, one, other):.2f}", str(len(said) - len(agreed))
        table.add_row(name, *cells, share(right, len(drops)), share(right, len(fits)))
        if options.list:
            for title, rows in (("drops", drops - fits), ("misses", fits - drops), ("unclear", said.keys() - agreed)):
                console.print(f"{name} {title}: {' '.join(sorted(rows)) or 'none'}", soft_wrap=True, highlight=False)
    console.print(table)


if __name__ == "__main__":
    main()
