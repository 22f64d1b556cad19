"""What a run before left behind: another process, a damaged folder, code that was edited since."""

import fcntl
import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from raw_problems import PROBLEMS, dropped, run

from still_verl.config_errors import ConfigError
from still_verl.curation import store
from still_verl.curation.lock import NAME
from still_verl.curation.manifest import sha256

ROWS = [{"id": str(number), "problem": text, "answer": gold} for number, (text, gold) in enumerate(PROBLEMS)]


def test_two_runs_on_one_folder_are_refused(tmp_path: Path) -> None:
    run(tmp_path, ROWS)
    with (tmp_path / "out" / NAME).open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another process is writing there"):
            run(tmp_path, ROWS)
    run(tmp_path, ROWS)


def _torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _replaced(path: Path, old: bytes, new: bytes) -> None:
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))


DAMAGES: list[Callable[[Path], None]] = [
    lambda folder: (folder / "all.jsonl").unlink(),
    lambda folder: _torn(folder / "all.jsonl"),
    lambda folder: _torn(folder / "all.npy"),
    lambda folder: (folder / "all.npy").write_bytes(b""),
    lambda folder: (folder / "all.jsonl").write_bytes((folder / "all.jsonl").read_bytes() * 2),
    lambda folder: (folder / "plan.json").write_bytes(b"\xff"),
    lambda folder: (folder / "all.npy").unlink(),
    lambda folder: _replaced(folder / "all.jsonl", b'"answer"', b'"onswer"'),
    lambda folder: _replaced(folder / "all.jsonl", b"265", b"266"),
    lambda folder: (folder / "all.npy").write_bytes(bytes(byte ^ 1 for byte in (folder / "all.npy").read_bytes())),
]


def unfinished(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was killed before it wrote its results."""
    with monkeypatch.context() as killed:
        killed.setattr("still_verl.curation.curate.Groups", _killed)
        with pytest.raises(KeyboardInterrupt):
            run(folder, ROWS)
    return folder / "out" / ".unfinished"


def _killed(*_given: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("number", range(len(DAMAGES)))
def test_a_damaged_folder_begins_anew(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, ROWS)
    expected = (tmp_path / "out" / "train.parquet").read_bytes()
    shutil.rmtree(tmp_path / "out")
    DAMAGES[number](unfinished(tmp_path, monkeypatch))
    run(tmp_path, ROWS)
    assert (tmp_path / "out" / "train.parquet").read_bytes() == expected
    assert not list((tmp_path / "out").glob(".unfinished*"))


def test_a_chunk_whose_records_are_gone_is_decided_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(store.Store, "join", _killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, ROWS)
    (records,) = (tmp_path / "out" / ".unfinished").glob("0*.jsonl")
    records.unlink()
    assert run(tmp_path, ROWS).manifest["counts"]["rows"] == len(ROWS)


def test_a_kill_while_the_folder_is_removed_leaves_nothing_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(folder: Path) -> None:
        (Path(folder) / "all.jsonl").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(shutil, "rmtree", half)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, ROWS)
    assert not (tmp_path / "out" / ".unfinished").exists()
    run(tmp_path, ROWS)
    assert not list((tmp_path / "out").glob(".unfinished*"))


def test_an_edited_filter_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "my_edited_filter.py"
    source.write_text("def mine(row): return ''\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    own = {"filters": ("my_edited_filter.mine",)}
    with monkeypatch.context() as killed:
        killed.setattr("still_verl.curation.curate.Groups", _killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, ROWS, **own)
    source.write_text("def mine(row): return 'tulips' if 'tulip' in row.plain else ''\n")
    importlib.reload(importlib.import_module("my_edited_filter"))  # as another process would see it
    monkeypatch.setattr("still_verl.curation.work.FILTERS._loaded", {})
    result = run(tmp_path, ROWS, **own)
    assert dropped(tmp_path / "out") == {"0": "mine"}
    assert result.manifest["own_code"] == {"my_edited_filter.mine": [sha256(source)]}
    assert "own_code" not in run(tmp_path, ROWS).manifest
