"""The file of labels, as a curation reads it."""

from pathlib import Path

import pytest

from still_verl.config_errors import ConfigError
from still_verl.curation.labels.known import NAME, read_known


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "no JSON",
        "\0",
        "[" * 100_000,
        '{"format": 1}',
        '{"format": 1, "asked": "proof", "model": "m"}',
        '{"format": 1, "asked": [], "model": "m"}\n{"key": 1}',
        '{"format": 1, "asked": ["proof"], "model": "m"}\n{"key": "1", "labels": "proof"}',
        '{"format": 1, "asked": ["proof"], "model": "m"}\n{"key": "1", "labels": [1]}',
        '{"format": 1, "asked": ["proof"], "model": "m"}\n{"key": "1", "labels": ["leak"]}',
        '{"format": 1, "asked": ["leak"], "model": "m"}\n{"key": "1", "labels": ["leak"]}',
        '{"format": 1, "asked": ["proof"], "model": "m"}\n' + '{"key": "1", "labels": []}\n' * 2,
        '{"format": 1, "asked": ["proof"], "model": "m", "problems": 2}\n{"key": "1", "labels": []}\n',
    ],
)
def test_a_file_that_is_no_reading(text: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(ConfigError, match="--labels .*cannot be read"):
        read_known(tmp_path)
