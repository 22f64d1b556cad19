"""What lies in the output folder already is never lost in silence."""

import json
from pathlib import Path

import pytest
from raw_problems import PROBLEMS, run, write_rows

from still_verl.config_errors import ConfigError
from still_verl.curation.curate import curate
from still_verl.curation.settings import CurateSettings

ROWS = [{"id": str(number), "problem": text, "answer": gold} for number, (text, gold) in enumerate(PROBLEMS)]


@pytest.mark.parametrize("name", ["train.parquet", "manifest.json", "review.html", "dropped.jsonl"])
def test_what_somebody_else_made_is_not_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text('{"mine": 1}')
    with pytest.raises(ConfigError, match=f"{name} lies there, and `still-verl data curate` did not write it; name"):
        run(tmp_path, ROWS)
    assert (tmp_path / "out" / name).read_text() == '{"mine": 1}'


def test_a_graded_set_is_not_overwritten(tmp_path: Path) -> None:
    run(tmp_path, ROWS)
    path = tmp_path / "out" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"difficulty": {}}))
    with pytest.raises(ConfigError, match="data difficulty` graded; name another folder"):
        run(tmp_path, ROWS)


def test_a_note_says_that_another_set_is_replaced(tmp_path: Path) -> None:
    said = f"-o {tmp_path / 'out'}: a set that was made of other rows, or in another way, is replaced"
    assert said not in run(tmp_path, ROWS).notes
    assert said not in run(tmp_path, ROWS).notes
    assert said in run(tmp_path, ROWS[:3]).notes
    assert said in run(tmp_path, ROWS[:3], filters=()).notes


@pytest.mark.parametrize("name", ["dropped.jsonl", "train.parquet"])
def test_an_evaluation_is_not_overwritten(tmp_path: Path, name: str) -> None:
    """It once was, after its problems were looked for."""
    run(tmp_path, ROWS, filters=())
    write_rows(tmp_path / "out" / "dropped.jsonl", ROWS[:2])
    with pytest.raises(ConfigError, match=f"{name} of --against would be overwritten; name another folder"):
        run(tmp_path, ROWS, against=(str(tmp_path / "out" / name),))


def test_names_that_no_folder_can_have(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", ROWS)
    (tmp_path / "loop").symlink_to("loop")
    for output in (tmp_path / "loop", tmp_path / ("a" * 300), Path("a\0b")):
        with pytest.raises(ConfigError, match=r"^-o .*: it cannot be written: "):
            curate(CurateSettings((str(source),), output))
    with pytest.raises(ConfigError, match=f"^-o {source}: it is a file; name a folder$"):
        curate(CurateSettings((str(source),), source))
