"""The header of a report names model and data as a person would."""

import pytest

from still_verl.report.facts import _file_names


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B"),
        ("/data/sets/math/train.parquet", "math/train.parquet"),
        ("${still.demo_model:tiny/model}", "tiny/model"),
        ("${still.demo_model:tiny/data/train.parquet}", "data/train.parquet"),
        ("${oc.env:MODEL}", "MODEL"),
        ("${data.train_files}", "${data.train_files}"),
        (["a/one.parquet", "a/two.parquet", "a/three.parquet"], "a/one.parquet, a/two.parquet and 1 more"),
        (None, ""),
    ],
)
def test_paths_are_short_and_interpolations_are_what_they_ask_for(value: object, shown: str) -> None:
    assert _file_names(value) == shown
