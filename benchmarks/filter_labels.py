"""How often the filters of `still-verl data curate` agree with readers who did not know what the filters say.

    python benchmarks/filter_labels.py                              # readers as filters, one judged by the others
    python benchmarks/filter_labels.py DIR/rows.json [--list]       # the filters, judged by the readers
    python benchmarks/filter_labels.py DIR/rows.json --page docs/filter_rows.md

There are three lots of labels, each with a file for every reader and a line for every row, its `id` and the `labels`
that fit. The readers are runs of a language model that know nothing of each other.

- `filter_labels/unseen`: 1,100 rows that `filter_rows.py` drew. Three readers were told what `data label` tells a
  model, and gave the labels that it may give. As a filter, a reader is what `data label` makes of a model.
- `filter_labels/three`: 1,100 others, labelled likewise. The filters were mended with them in view.
- `filter_labels`: 1,484 rows of other sets, which two readers labelled for each filter by an earlier text of the
  rubric; rows.json is a list of them with `id`, `problem` and `answer`. `filter_rows.py --of FILE` writes the rows of a
  file of labels. The last 450 were drawn later, as hard cases,
  and labelled by two others. The filters were mended with one half in view, and never with the other: each has a table.

As in a curation, the first filter that fits has a row. Precision is the share of the rows it has that have its label;
recall is the share of the rows with its label that are dropped, by it or another. Rows about which the readers who
judge disagree do not count; they are listed with `--list`, as are the rows about which the filter is wrong.
"""

import argparse
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from rich.console import Console
from rich.table import Table

from still_verl.curation.labels.rubric import BY_READING
from still_verl.curation.registries import FILTERS
from still_verl.curation.rows import Fields, Row

TWO = Path(__file__).with_suffix("")
UNSEEN = TWO / "unseen"
BY_THREE = {UNSEEN: "never in view", TWO / "three": "in view"}  # lots, and whether the filters were mended with them
Labels = Mapping[str, frozenset[str]]  # of each row
PAGE = """\
# The rows by which the filters were judged

Each row was labelled by three readers who did not know what the filters say:
see [How often are they right?](data.md#how-often-are-they-right).
The problems are not ours to publish: `python benchmarks/filter_rows.py CLONES -o DIR` writes them from their
repositories, under these names. Behind a name: ✗ the readers do not give the row this label, ? they disagree.
This page is made by `python benchmarks/filter_labels.py DIR/rows.json --page docs/filter_rows.md`.
"""


def labels(file: Path) -> Labels:
    """Read what one reader said."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return {row["id"]: frozenset(row["labels"]) for row in rows}


def readers_in(folder: Path) -> list[Labels]:
    """Read what all readers of a lot said."""
    return [labels(file) for file in sorted(folder.glob("reader_*.jsonl"))]


def verdicts(problems: Sequence[Mapping[str, object]], names: Iterable[str]) -> dict[str, str]:
    """Ask filters about each row, and return the first that drops it, "" where none does."""
    found = {}
    for each in problems:
        row = Row(Fields(problem=str(each["problem"]), answer=each["answer"]), str(each["id"]), "")
        found[row.id] = next((name for name in names if FILTERS.find(name)(row)), "")
    return found


def was_in_view(row: str) -> bool:
    """Say in which half a row is, by its id."""
    return hashlib.sha1(row.encode()).digest()[0] % 2 == 0


def kappa(name: str, one: Labels, other: Labels) -> float:
    """Compute Cohen's kappa of two readers for one label: 1 is agreement, 0 what chance gives."""
    said = [(name in one[row], name in other[row]) for row in one]
    same = sum(first == second for first, second in said) / len(said)
    first, second = (sum(each[reader] for each in said) / len(said) for reader in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    return 1.0 if chance == 1 else (same - chance) / (1 - chance)


def lowest_kappa(name: str, readers: Sequence[Labels]) -> float:
    """Compute the kappa of those two who agree least."""
    return min(kappa(name, one, other) for one, other in combinations(readers, 2))


def share(part: int, whole: int) -> str:
    """Write a share with its counts."""
    return f"{part / whole:.3f} ({part}/{whole})" if whole else "-"


class Judged:
    """What a filter did with the rows about which those who judge agree.

    Attributes:
        unclear: the rows about which they do not.
        fits: those with the label.
        has: those that the filter has, as the first that drops them.
        found: those with the label that are dropped.
    """

    def __init__(self, name: str, dropped: Mapping[str, str], judges: Sequence[Labels]) -> None:
        said = {row: [name in each[row] for each in judges] for row in dropped}
        agreed = {row for row, each in said.items() if len(set(each)) == 1}
        self.unclear = dropped.keys() - agreed
        self.fits = {row for row in agreed if said[row][0]}
        self.has = {row for row in agreed if dropped[row] == name}
        self.found = {row for row in self.fits if dropped[row]}

    @property
    def cells(self) -> tuple[str, str]:
        """Return precision and recall."""
        return share(len(self.fits & self.has), len(self.has)), share(len(self.found), len(self.fits))


def show(console: Console, title: str, dropped: Mapping[str, str], readers: Sequence[Labels], lists: bool) -> None:
    """Print the table of the filters on some rows."""
    names = BY_READING if len(readers) == 3 else tuple(FILTERS)
    table = Table("filter", "lowest kappa", "unclear", "precision", "recall", title=f"{title}: {len(dropped)} rows")
    any_name = frozenset(names)
    chosen = [{row: each[row] for row in dropped} for each in readers]
    for name in names:
        judged = Judged(name, dropped, chosen)
        table.add_row(name, f"{lowest_kappa(name, chosen):.2f}", str(len(judged.unclear)), *judged.cells)
        if not lists:
            continue
        wrong = {"wrongly": judged.has - judged.fits, "missed": judged.fits - judged.found, "unclear": judged.unclear}
        for what, rows in wrong.items():
            console.print(f"{name} {what}: {' '.join(sorted(rows)) or 'none'}", soft_wrap=True, highlight=False)
    fits = {row for row in dropped if all(any_name & each[row] for each in chosen)}
    fits_not = {row for row in dropped if not any(any_name & each[row] for each in chosen)}
    drops = {row for row in fits | fits_not if dropped[row]}
    table.add_row("any of them", "", "", share(len(fits & drops), len(drops)), share(len(fits & drops), len(fits)))
    console.print(table)


def show_readers(console: Console, readers: Sequence[Labels], lists: bool) -> None:
    """Print how well each reader does as a filter, where the others agree."""
    columns = [f"{what} {number}" for number in range(1, len(readers) + 1) for what in ("precision", "recall")]
    table = Table("label", "lowest kappa", *columns, title=f"each reader as the filter: {len(readers[0])} rows")
    for name in BY_READING:
        cells: list[str] = []
        for reader in readers:
            others = [each for each in readers if each is not reader]
            cells.extend(Judged(name, first_labels(reader), others).cells)
        table.add_row(name, f"{lowest_kappa(name, readers):.2f}", *cells)
        if lists:
            unclear = Judged(name, first_labels(readers[0]), readers).unclear
            console.print(f"{name} unclear: {' '.join(sorted(unclear)) or 'none'}", soft_wrap=True, highlight=False)
    console.print(table)


def first_labels(reader: Labels) -> dict[str, str]:
    """Return the label by which a curation drops each row."""
    return {row: next((name for name in BY_READING if name in said), "") for row, said in reader.items()}


def page(dropped: Mapping[str, str], readers: Sequence[Labels]) -> str:
    """Write which rows each filter drops, and what the readers say of them."""
    parts = [PAGE]
    for name in BY_READING:
        judged = Judged(name, dropped, readers)
        rows = sorted(row for row in dropped if dropped[row] == name)
        marks = [f"{row} ?" if row in judged.unclear else row + " ✗" * (row not in judged.fits) for row in rows]
        parts.append(f"## {name}: {len(rows)} dropped\n{', '.join(marks) or 'none'}\n")
    kept = sorted(row for row in dropped if not dropped[row])
    parts.append(f"## Kept: {len(kept)}\nBehind a name: the labels that all readers give it.\n")
    lines = []
    for row in kept:
        common = frozenset.intersection(*(each[row] for each in readers))
        lines.append(f"{row} ({' '.join(sorted(common))})" if common else row)
    parts.append(", ".join(lines) + "\n")
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", type=Path, nargs="?")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    console = Console(width=180)
    if options.problems is None:
        for folder in BY_THREE:
            show_readers(console, readers_in(folder), options.list)
        return
    problems = json.loads(options.problems.read_text())
    for folder, title in BY_THREE.items():
        readers = readers_in(folder)
        dropped = verdicts([each for each in problems if each["id"] in readers[0]], BY_READING)
        if dropped:
            show(console, f"three readers, {title}", dropped, readers, options.list)
        if dropped and options.page:
            options.page.write_text(page(dropped, readers), encoding="utf-8")
    readers = readers_in(TWO)
    dropped = verdicts([each for each in problems if each["id"] in readers[0]], tuple(FILTERS))
    for title, wanted in (("two readers, in view", True), ("two readers, never in view", False)):
        half = {row: name for row, name in dropped.items() if was_in_view(row) == wanted}
        if half:
            show(console, title, half, readers, options.list)


if __name__ == "__main__":
    main()
