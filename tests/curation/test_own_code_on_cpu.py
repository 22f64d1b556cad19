"""Filters and adapters of a user's own: whatever they do or return is a kept row, a drop or a reject, with a reason."""

import importlib
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from raw_problems import PROBLEMS, dropped, kept, run, write_rows

from still_verl.config_errors import ConfigError
from still_verl.curation.registries import check_filters

ROWS = [{"nr": number, "problem": text, "answer": gold} for number, (text, gold) in enumerate(PROBLEMS)]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a module of the user's own; returns its name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def write(source: str) -> str:
        name = f"own_{tmp_path.name}_{len(made)}".replace("-", "_")
        (tmp_path / f"{name}.py").write_text(source)
        importlib.invalidate_caches()
        made.append(name)
        return name

    yield write
    for name in made:
        sys.modules.pop(name, None)


def rejects(folder: Path) -> list[str]:
    return [json.loads(text)["cause"] for text in (folder / "rejects.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import sys; sys.exit(0)", "the filter why failed: SystemExit"),
        ("return 5", "the filter why returned 5: return why the row is dropped"),
        ("return True", "the filter why returned True"),
        ("return ['a']", "the filter why returned ['a']"),
    ],
)
def test_what_a_filter_must_not_do_is_a_reject_that_says_so(tmp_path: Path, own: Any, body: str, message: str) -> None:
    module = own(f"def why(row):\n    {body}\n")
    counts = run(tmp_path, ROWS, filters=(f"{module}.why",), max_rejects=1.0).manifest["counts"]
    assert counts["rejected"] == len(ROWS)
    assert rejects(tmp_path / "out")[0].startswith(message)


def test_a_filter_that_returns_nothing_or_changes_the_row_changes_nothing(tmp_path: Path, own: Any) -> None:
    module = own("def why(row):\n    row.fields.extra['level'] = {1, 2}\n    row.id = 'x'\n")
    rows = [row | {"level": "5"} for row in ROWS]
    assert run(tmp_path, rows, filters=(f"{module}.why",)).manifest["counts"]["kept"] == len(ROWS)
    assert {row["extra_info"]["columns"] for row in kept(tmp_path / "out")} == {'{"level": "5"}'}


def test_a_filter_of_ones_own_counts_also_where_a_reader_gives_a_label_of_its_name(tmp_path: Path, own: Any) -> None:
    """The reader's label stands in place of our filter that is called so, and of no other."""
    module = own("def proof(row):\n    return 'mine'\n")
    labels = write_rows(tmp_path / "labels.jsonl", [{"format": 1, "model": "m", "asked": ["proof"]}])
    run(tmp_path, ROWS, labels=labels, filters=(f"{module}.proof",))
    assert set(dropped(tmp_path / "out").values()) == {"proof"}


@pytest.mark.parametrize("name", ["leak", "suspect", "duplicate", "conflict"])
def test_what_is_dropped_by_comparison_is_no_filter_to_choose(name: str) -> None:
    with pytest.raises(ConfigError, match=f"--without {name}: it is no filter of single rows, and cannot be chosen: "):
        check_filters("--without", [name])


def test_two_reasons_have_two_names(own: Any) -> None:
    module = own("def leak(row):\n    return ''\n\ndef proof(row):\n    return ''\n")
    with pytest.raises(ConfigError, match="rows are dropped as 'leak' for another reason; rename the function"):
        check_filters("--filter", [f"{module}.leak"])
    with pytest.raises(ConfigError, match="proof drops rows as 'proof', too; leave out one of them"):
        check_filters("--filter", ["proof", f"{module}.proof"])
    check_filters("--filter", [f"{module}.proof", "no_answer", "no_answer"])


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "returned a NoneType: return a still_verl.curation.rows.Fields"),
        ("{'problem': 'x'}", "returned a dict"),
        ("exit()", "failed: SystemExit"),
        ("Fields(5)", "the problem is no text: its type is int"),
        ("Fields(text, object())", "the answer: ground_truth="),
        ("Fields(text, '5\\ud800')", "half of a surrogate pair in 'answer'"),
        ("Fields(text, ['5', '6\\ud800'])", "half of a surrogate pair in 'answer'"),
        ("Fields(text, {'answer': '5\\ud800'})", "half of a surrogate pair in 'answer'"),
        ("Fields(text, r\"['5\\ud800']\")", "half of a surrogate pair in 'answer'"),
        ("Fields(text, '5', id='\\ud800')", "half of a surrogate pair in 'id'"),
        ("Fields(text, '5', kind='code')", "kind is 'code': use math or tests"),
        ("Fields(text, '5', extra=None)", "extra is None: use a dict of columns"),
        ("Fields(text, '5', extra={'a': {1}})", "extra['a'] is {1}: use a text or a number"),
        ("Fields(text, '5', extra={1: 'a'})", "extra[1] is 'a'"),
    ],
)
def test_what_an_adapter_must_not_return_is_a_reject_that_says_so(
    tmp_path: Path, own: Any, returned: str, message: str
) -> None:
    module = own(
        "import sys\nfrom still_verl.curation.rows import Fields\nexit = sys.exit\n"
        f"def read(row):\n    text = row['problem']\n    return {returned}\n"
    )
    counts = run(tmp_path, ROWS, adapter=f"{module}.read", max_rejects=1.0).manifest["counts"]
    assert counts["rejected"] == len(ROWS)
    assert message in rejects(tmp_path / "out")[0]


@pytest.mark.parametrize(
    ("answer", "read"), [("b'26'", "26"), ("{'26'}", "26"), ("Fraction(1, 2)", str(Fraction(1, 2))), ("26", "26")]
)
def test_numbers_as_names_and_answers_of_other_types_are_read(tmp_path: Path, own: Any, answer: str, read: str) -> None:
    module = own(
        "from fractions import Fraction\nfrom still_verl.curation.rows import Fields\n"
        "def read(row):\n"
        f"    return Fields(row['problem'], {answer}, None, row['nr'], 7)\n"
    )
    run(tmp_path, ROWS, adapter=f"{module}.read")
    rows = kept(tmp_path / "out")
    assert {row["extra_info"]["id"] for row in rows} == {str(row["nr"]) for row in ROWS}
    assert {(row["reward_model"]["ground_truth"], row["data_source"]) for row in rows} == {(read, "7")}


def test_what_a_filter_prints_is_no_part_of_the_result(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def why(row):\n    print('here')\n")
    source = write_rows(tmp_path / "rows.jsonl", ROWS)
    code = "from still_verl.cli import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", code, "data", "curate", source, "-o", tmp_path / "out"]
        + ["--filter", "own.why", "--workers", "1", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["counts"]["kept"] == len(ROWS)
    assert "here" in done.stderr
