"""Rubrics that cannot be used are refused, and say why."""

from pathlib import Path

import pytest

from still_verl.config_errors import ConfigError
from still_verl.curation.labels.rubric import read_rubric


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no table", "it has no table"),
        ("| label | fits when |\n", "it has no table"),
        ("| label | fits when |\n|---|---|\n| a | b |\n| a | c |\n", "a label twice"),
        ("| label | fits when |\n|---|---|\n| Too easy | b |\n", "the label 'Too easy'"),
        ("| label | fits when |\n|---|---|\n| ok | b |\n", "the label 'ok'"),
        ("| label | fits when |\n|:--|--:|\n| a |  |\n", "the label a: say when it fits"),
        ("| label | fits when |\n|---|---|\n| leak | b |\n", "the label leak: `data curate` drops rows as that for"),
        ("| label | fits when |\n|---|---|\n| duplicate | b |\n", "the label duplicate: .* call it something else"),
    ],
)
def test_a_rubric_that_says_nothing(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_rubric(path)


def test_a_label_that_is_none() -> None:
    with pytest.raises(ConfigError, match="--label.*missing_picure.*missing_picture"):
        read_rubric(labels=("missing_picure",))
