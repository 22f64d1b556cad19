"""A row survives the file, whatever a model wrote."""

from pathlib import Path

import pytest

from still_verl.evaluation.rows import Row, read_rows, write_rows

HOSTILE = 'a\u2028b\nc\x00d\ud800e\r\n{"benchmark": 1}'


def test_a_row_comes_back_as_it_was(tmp_path: Path) -> None:
    rows = [Row("b", "1", 0, seed=2**63 - 1, response=HOSTILE, tokens=3), Row("b", "1", 1, fault="429")]
    write_rows(tmp_path / "rows.jsonl", rows)
    assert list(read_rows(tmp_path / "rows.jsonl")) == rows


def test_a_line_that_is_no_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"benchmark": "b", "problem": "1", "index": 0}\n{"benchmark": "b"}\n')
    with pytest.raises(ValueError, match="rows.jsonl:2: no row of a sample: it has no problem and no index"):
        list(read_rows(path))
