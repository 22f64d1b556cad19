"""Each cell of the table of docs/sandbox.md that says what protects what names a test; each name exists."""

import ast
import re
from pathlib import Path

from hostile_kernel import KERNEL_PROGRAMS
from hostile_programs import PROGRAMS

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "sandbox.md"
NAMES = {
    "kernel": {program.name for program in KERNEL_PROGRAMS},
    "program": {program.name for program in PROGRAMS},
}


def cells() -> list[str]:
    """The cells of the table, but for the first column."""
    section = PAGE.read_text().partition("## What protects what")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [cell.strip() for row in rows[1:] for cell in row.strip("|").split(" | ")[1:]]


def defines(file: Path, name: str) -> bool:
    found = [node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)]
    return name in found


def test_every_name_of_the_table_is_a_test() -> None:
    names = re.findall(r"`((?:kernel|program):[\w-]+|[\w/]+\.py::\w+)`", " ".join(cells()))
    assert len(names) >= 35
    for name in names:
        if "::" in name:
            file, _, function = name.partition("::")
            assert defines(HERE / file, function), name
        else:
            kind, _, program = name.partition(":")
            assert program in NAMES[kind], name


def test_every_cell_names_one() -> None:
    found = cells()
    assert len(found) >= 40
    assert [cell for cell in found if "`kernel:" not in cell and "`program:" not in cell and ".py::" not in cell] == [
        "the same"
    ] * found.count("the same")
