"""How often the filters of `still-verl data curate` agree with two readers who did not know what the filters say.

Run `python benchmarks/filter_labels.py PROBLEMS`. PROBLEMS is a JSON list of rows with `id`, `problem` and `answer`, in
which the ids of `benchmarks/filter_labels/*.jsonl` are found: one file for each reader, with a line for each row, its
`id` and the `labels` that fit. What the readers were told is `still_verl/curation/labels/rubric.md`.

Without PROBLEMS: how well a reader does as a filter, which is what `data label` makes of a model. The readers are runs
of a language model that know nothing of each other; each is judged by what the other one said.

The last 450 lines are hard cases, drawn later and labelled by two other readers than the 1,034 before them. With only
some of the rows in PROBLEMS all figures are of these, kappa as well (of both halves together).

As in a curation, the first filter that fits has a row. Precision is the share of the rows it has that have its label;
recall is the share of the rows with its label that are dropped, by it or another. Rows about which the readers disagree
do not count; they are listed with `--list`, as are the rows about which the filter is wrong.

The filters were mended with one half of the rows in view, and never with the other: each has a table of its own.
"""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from still_verl.curation.registries import FILTERS
from still_verl.curation.rows import Fields, Row

LABELS = Path(__file__).with_suffix("")
AS_DRAWN = 1034  # rows; the hard cases come after them
Labels = Mapping[str, frozenset[str]]  # of each row


def labels(file: Path) -> Labels:
    """Read what one reader said."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return {row["id"]: frozenset(row["labels"]) for row in rows}


def verdicts(problems: Sequence[Mapping[str, object]], known: Labels) -> dict[str, str]:
    """Ask the filters about each row that has labels, and return the first that drops it, "" where none does."""
    found = {}
    for each in problems:
        if each["id"] in known:
            row = Row(Fields(problem=str(each["problem"]), answer=each["answer"]), str(each["id"]), "")
            found[row.id] = next((name for name in FILTERS if FILTERS.find(name)(row)), "")
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


def share(part: int, whole: int) -> str:
    """Write a share with its counts."""
    return f"{part / whole:.3f} ({part}/{whole})" if whole else "-"


def show(console: Console, title: str, dropped: Mapping[str, str], one: Labels, other: Labels, lists: bool) -> None:
    """Print the table of some rows."""
    table = Table("filter", "kappa", "readers disagree", "precision", "recall", title=f"{title}: {len(dropped)} rows")
    for name in FILTERS:
        agreed = {row for row in dropped if (name in one[row]) == (name in other[row])}
        fits = {row for row in agreed if name in one[row]}
        has = {row for row in agreed if dropped[row] == name}
        found = {row for row in fits if dropped[row]}
        cells = f"{kappa(name, one, other):.2f}", str(len(dropped) - len(agreed))
        table.add_row(name, *cells, share(len(fits & has), len(has)), share(len(found), len(fits)))
        if lists:
            for what, rows in (("wrongly", has - fits), ("missed", fits - found), ("unclear", dropped.keys() - agreed)):
                console.print(f"{name} {what}: {' '.join(sorted(rows)) or 'none'}", soft_wrap=True, highlight=False)
    clear = {row for row in dropped if bool(one[row]) == bool(other[row])}
    bad = {row for row in clear if one[row]}
    gone = {row for row in clear if dropped[row]}
    table.add_section()
    table.add_row(
        "any", "", str(len(dropped) - len(clear)), share(len(bad & gone), len(gone)), share(len(bad & gone), len(bad))
    )
    console.print(table)


def show_readers(console: Console, title: str, one: Labels, other: Labels) -> None:
    """Print how well each reader does as a filter, where the other one is right."""
    columns = ("precision of the first", "recall", "precision of the second", "recall")
    table = Table("label", *columns, title=f"{title}: {len(one)} rows")
    for name in FILTERS:
        first = {row for row in one if name in one[row]}
        second = {row for row in other if name in other[row]}
        both = len(first & second)
        # As above, a row with a label is found if it is dropped, for this or another one.
        found_by_first = sum(bool(one[row]) for row in second)
        found_by_second = sum(bool(other[row]) for row in first)
        cells = share(both, len(first)), share(found_by_first, len(second))
        table.add_row(name, *cells, share(both, len(second)), share(found_by_second, len(first)))
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", type=Path, nargs="?")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    one, other = (labels(file) for file in sorted(LABELS.glob("*.jsonl")))
    console = Console(width=160)
    if options.problems is None:
        rows = list(one)
        for title, chosen in (("any rows", rows[:AS_DRAWN]), ("hard cases", rows[AS_DRAWN:])):
            show_readers(console, title, *({row: each[row] for row in chosen} for each in (one, other)))
        return
    dropped = verdicts(json.loads(options.problems.read_text()), one)
    one, other = ({row: each[row] for row in dropped} for each in (one, other))  # kappa is of these rows, too
    for title, wanted in (("in view", True), ("never in view", False)):
        half = {row: name for row, name in dropped.items() if was_in_view(row) == wanted}
        show(console, title, half, one, other, options.list)


if __name__ == "__main__":
    main()
