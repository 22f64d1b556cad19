"""How the code reads: figures that `benchmarks/style.py` measures, words that are gone, and package docstrings."""

import ast
import sys
from pathlib import Path

import pytest

import still_verl

ROOT = Path(still_verl.__path__[0])
FILES = sorted(ROOT.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("*.py"))
PACKAGES = [path for path in FILES if path.name == "__init__.py" and path.parent != ROOT]

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from style import Figures, measure  # noqa: E402

# Private words, and names that said less than the field's terms. Those of the second table are fine elsewhere.
GONE = set(
    "nursery Nursery nurse Cell give_up rehearse door _bury _farewell _hear _adopt _give stock _unprepared _restock "
    "ToolUse caps stale Blocks told TokenStream take_back untrained NothingToLearn ringing lab Lab golds gold_answers "
    "leaf Leaf Readings Truth spelling canonical Shelf shelves twin stuffed SURE LEAST "
    "QUIET notebook".split()
)
GONE_IN = {
    "interpreter/sandbox": {"post", "enter", "order", "live"},
    "interpreter/sandbox/local/c": {"line"},  # what the sockets of client, child and child_main were called
    "interpreter/sandbox/local/s": {"line"},
    "rewards/presets.py": {"order"},
    "rewards/settings.py": {"order"},
    "monitor/alarms": {"longer", "repeats", "accelerates", "cut", "START", "EVERY"},
    "report": {"below"},
}
PREPOSITIONS = ("Of ", "For ", "From ", "To ", "In ", "By ", "As ", "On ", "With ", "At ")


def identifiers(path: Path) -> set[str]:
    """Every name that a file defines, imports or uses."""
    found = {part for part in path.relative_to(ROOT).with_suffix("").parts}
    for node in ast.walk(ast.parse(path.read_text())):
        for field in ("id", "attr", "arg", "name", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                found |= set(name.split("."))
    return found


def docstrings(path: Path) -> list[tuple[str, str]]:
    """(name, docstring) of everything public in a file that has one."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            text = ast.get_docstring(node)
            if text:
                found.append((node.name, text))
    return found


@pytest.fixture(scope="module")
def total() -> Figures:
    figures = Figures()
    for path in FILES:
        figures.add(measure(path))
    return figures


def test_a_line_holds_one_thought(total: Figures) -> None:
    """Ternaries, comprehensions, lambdas and walruses for each 100 lines of functions: 11.3 once, 2 to 3 elsewhere."""
    assert total.density <= 6


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_no_package_is_dense_where_others_are_plain(package: Path) -> None:
    figures = Figures()
    for path in package.parent.glob("*.py"):
        figures.add(measure(path))
    assert figures.density <= 7


def test_comments_and_docstrings_are_not_fewer(total: Figures) -> None:
    """347 comments and 1,701 lines of docstrings before the code was unfolded."""
    assert total.comments >= 347 and total.docstring_lines >= 1701


def test_no_file_is_longer_than_300_lines() -> None:
    assert [path.name for path in FILES + TESTS if len(path.read_text().splitlines()) > 300] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_package_says_what_is_in_it(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse(package.read_text())) or ""
    assert 8 <= len(docstring.splitlines()) <= 20, docstring


def test_the_root_is_empty() -> None:
    """verl loads the plugin while it is imported itself: whatever stood here would be imported half-way."""
    assert (ROOT / "__init__.py").read_text() == ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_private_words_are_gone(path: Path) -> None:
    gone = set(GONE)
    for folder, words in GONE_IN.items():
        if str(path.relative_to(ROOT)).startswith(folder):
            gone |= words
    assert identifiers(path) & gone == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_docstring_needs_its_functions_name_to_be_a_sentence(path: Path) -> None:
    assert [name for name, text in docstrings(path) if text.startswith(PREPOSITIONS)] == []
