"""Tables whose columns have unusual types."""

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_problems import PROBLEMS, kept

from still_verl.curation.curate import curate
from still_verl.curation.settings import CurateSettings

TEXTS = [text for text, _ in PROBLEMS]


def curated(folder: Path, table: pa.Table, **more: Any) -> dict[str, int]:
    pq.write_table(table, folder / "rows.parquet")
    settings = CurateSettings((str(folder / "rows.parquet"),), folder / "out", max_rejects=1.0, **more)
    counts: dict[str, int] = curate(settings).manifest["counts"]
    return counts


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
def test_a_short_float_is_as_it_was_written(tmp_path: Path, kind: Any) -> None:
    golds = pa.array([0.1, 0.1, 0.1, 0.1, 0.1, None]).cast(kind)
    levels = pa.array([None, 0.1, 0.1, 0.1, 0.1, 0.1]).cast(kind)
    assert curated(tmp_path, pa.table({"problem": TEXTS, "answer": golds, "level": levels}))["dropped"] == 1
    rows = kept(tmp_path / "out")
    assert {row["reward_model"]["ground_truth"] for row in rows} == {"0.1"}
    # A missing level was once the text "nan".
    assert Counter(json.loads(row["extra_info"]["columns"]).get("level") for row in rows) == {"0.1": 4, None: 1}


def test_an_answer_in_a_type_that_json_has_not(tmp_path: Path) -> None:
    """It was once a traceback."""
    golds = [{"answer": Decimal("26.5"), "on": date(2020, 1, 1)}] * len(TEXTS)
    assert curated(tmp_path, pa.table({"problem": TEXTS, "answer": golds}))["kept"] == len(TEXTS)
    assert {row["reward_model"]["ground_truth"] for row in kept(tmp_path / "out")} == {"26.5"}
    unknown = [{"value": Decimal("26.5")}] * len(TEXTS)
    assert curated(tmp_path, pa.table({"problem": TEXTS, "answer": unknown}))["rejected"] == len(TEXTS)
    assert "the answer: ground_truth=" in (tmp_path / "out" / "rejects.jsonl").read_text()


def test_two_columns_of_one_name_are_no_row(tmp_path: Path) -> None:
    """The first of them once counted for nothing."""
    table = pa.Table.from_arrays([pa.array(TEXTS), pa.array(TEXTS[::-1])], names=["problem", "problem"])
    assert curated(tmp_path, table) == {"rows": 6, "kept": 0, "dropped": 0, "rejected": 6}
    assert "two columns are called 'problem'" in (tmp_path / "out" / "rejects.jsonl").read_text()
