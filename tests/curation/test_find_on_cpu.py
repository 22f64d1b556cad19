"""Which files are read, and by which names."""

import gzip
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_problems import PROBLEMS, kept, write_rows

from still_verl.config_errors import ConfigError
from still_verl.curation.curate import curate
from still_verl.curation.reading.find import find_files
from still_verl.curation.reading.lines import MAX_LINE, Unreadable, read_lines
from still_verl.curation.settings import CurateSettings
from still_verl.demonstrations.rows import RowError
from still_verl.preview.rows import read_prompts

(FIRST, ANSWER), (SECOND, SECOND_ANSWER) = PROBLEMS[:2]
ROW = {"problem": FIRST, "answer": ANSWER}


def labels(*inputs: Path) -> list[str]:
    return [file.label for file in find_files("INPUT", [str(path) for path in inputs])]


def test_a_link_is_called_and_read_as_it_was_given(tmp_path: Path) -> None:
    """As in the cache of the hub, where links lead to files that are called by their checksums."""
    (tmp_path / "blobs").mkdir()
    blob = tmp_path / "blobs" / "0f3a"
    blob.write_text(json.dumps([ROW]))
    link = tmp_path / "rows.json"
    link.symlink_to(blob)
    result = curate(CurateSettings((str(link),), tmp_path / "out"))
    (row,) = kept(tmp_path / "out")
    assert row["data_source"] == row["extra_info"]["file"] == "rows.json" and result.manifest["counts"]["kept"] == 1
    assert labels(link, tmp_path / "blobs" / ".." / "rows.json") == ["rows.json"]


def test_a_file_that_is_given_by_two_names_is_read_once(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [ROW])
    (tmp_path / "again.jsonl").symlink_to(source)
    assert labels(source, tmp_path / "again.jsonl") == labels(tmp_path) == ["again.jsonl"]


def test_folders_behind_links_are_read(tmp_path: Path) -> None:
    for name in ("inputs", "elsewhere"):
        (tmp_path / name).mkdir()
        write_rows(tmp_path / name / f"{name}.jsonl", [ROW])
    (tmp_path / "inputs" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "circle").symlink_to(tmp_path / "inputs")
    assert labels(tmp_path / "inputs") == ["elsewhere.jsonl", "inputs.jsonl"]
    (tmp_path / "inputs" / "gone.jsonl").symlink_to(tmp_path / "nowhere.jsonl")
    with pytest.raises(ConfigError, match="gone.jsonl: the link leads nowhere"):
        labels(tmp_path / "inputs")


def test_an_output_behind_a_link_is_no_input(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [ROW])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link.jsonl").symlink_to(source)
    with pytest.raises(ConfigError, match="the input link.jsonl lies there"):
        curate(CurateSettings((str(tmp_path / "out" / "link.jsonl"),), tmp_path / "out"))


@pytest.mark.parametrize("name", ["state.json", "dataset_dict.json"])
@pytest.mark.parametrize("text", ['{"step": 5}', "torn", "[1]", '{"splits": 3, "_data_files": {}}'])
def test_a_file_that_is_called_like_one_of_datasets_hides_no_row(name: str, text: str, tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [ROW])
    (tmp_path / name).write_text(text)
    assert "rows.jsonl" in labels(tmp_path)


def test_rows_beside_those_of_datasets_are_refused(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
    with pytest.raises(ConfigError, match="state.json names data.arrow, which is not there"):
        labels(tmp_path)
    (tmp_path / "data.arrow").touch()
    (tmp_path / "cache-1.arrow").touch()
    (tmp_path / "dataset_info.json").write_text("{}")
    assert labels(tmp_path) == ["data.arrow"]
    write_rows(tmp_path / "rows.jsonl", [ROW])
    with pytest.raises(ConfigError, match="rows.jsonl is none of its files"):
        labels(tmp_path)


def test_an_input_that_vanishes_is_not_blamed_on_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [ROW])
    found = find_files("INPUT", [str(source)])
    monkeypatch.setattr("still_verl.curation.curate.find_files", lambda option, inputs: found)
    source.unlink()
    with pytest.raises(ConfigError, match=r"^INPUT .*rows.jsonl: it cannot be read"):
        curate(CurateSettings((str(source),), tmp_path / "out"))


def test_a_mark_of_utf8_before_a_long_line_makes_no_second_row(tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    for size in (MAX_LINE, MAX_LINE + 1, MAX_LINE + 2, MAX_LINE + 9):
        source.write_bytes(b"\xef\xbb\xbf" + b"x" * size + b"\nshort\n")
        first, second = read_lines(source)
        assert isinstance(first, Unreadable) == (size > MAX_LINE) and second == b"short"


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_not_the_current_folder(name: str) -> None:
    for option in ("INPUT", "--against"):
        with pytest.raises(ConfigError, match=f"{option} '{name}': name a file, a folder or a data set"):
            find_files(option, [name])


def test_a_stream_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rows.jsonl")
    for name in (str(tmp_path / "rows.jsonl"), "-", "/dev/null"):
        with pytest.raises(
            ConfigError, match="it is read more than once, and a stream is not; save it as a file first"
        ):
            find_files("INPUT", [name])


def packed_list(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["rows.json", "rows.json.gz"])
def test_a_json_list_is_read_packed_or_not(tmp_path: Path, name: str) -> None:
    """A packed one was once a single row that cannot be read."""
    row, other = json.dumps(ROW), json.dumps(ROW | {"problem": SECOND})
    twice = '{"problem": "What is 2 + 2?", "answer": 4, "answer": 5}'
    for text, rejects in [
        (f"[{row}]", []),
        ("\n" * 50 + f"[ {row} ,\n{twice}, 3 ]\n", ["is there twice", "its type is int"]),
        (f'[{{"problem": {"9" * 5000}}}, {row}]', ["an integer of 5,000 digits is too long to be read"]),
        (f"[{row}, {other[:-9]}", ["it is no JSON list from here on: Unterminated string"]),
        (f"[{row} {other}]", ["in place of a comma or an end"]),
        (f"[{row}] {other}", ["in place of a comma or an end"]),
        (f"[{row},]", ["it is no JSON list from here on: Expecting value"]),
    ]:
        source = packed_list(tmp_path / name, text)
        counts = curate(CurateSettings((str(source),), tmp_path / "out", max_rejects=1.0)).manifest["counts"]
        assert (counts["kept"], counts["rejected"]) == (1, len(rejects))
        causes = [json.loads(line)["cause"] for line in (tmp_path / "out/rejects.jsonl").read_text().splitlines()]
        assert all(said in cause for said, cause in zip(rejects, causes, strict=True)), causes


def test_a_list_without_its_name_and_a_packed_table_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps([ROW]))
    pq.write_table(pa.table({"problem": [FIRST]}), tmp_path / "rows.parquet")
    packed = tmp_path / "rows.parquet.gz"
    packed.write_bytes(gzip.compress((tmp_path / "rows.parquet").read_bytes()))
    for source, said in ((tmp_path / "rows.jsonl", "name the file .json if it is one list"), (packed, "unpack it")):
        with pytest.raises(ConfigError, match=said):
            curate(CurateSettings((str(source),), tmp_path / "out"))


def test_rows_that_were_dropped_do_not_come_back_with_their_folder(tmp_path: Path) -> None:
    """The files beside the training set were once read as rows, too."""
    rows = [ROW, ROW | {"problem": SECOND, "answer": None}]
    source = write_rows(tmp_path / "rows.jsonl", rows)
    first = tmp_path / "sets" / "v1"
    assert curate(CurateSettings((str(source),), first)).manifest["counts"]["dropped"] == 1
    for given in (first, first.parent):
        counts = curate(CurateSettings((str(given),), tmp_path / "out", filters=())).manifest["counts"]
        assert counts == {"rows": 1, "kept": 1, "dropped": 0, "rejected": 0}


def test_a_manifest_of_somebody_else_hides_no_file(tmp_path: Path) -> None:
    """Of such a folder only `train.parquet` was once read."""
    pq.write_table(pa.table({"problem": [FIRST], "answer": ["12"]}), tmp_path / "train.parquet")
    write_rows(tmp_path / "more.jsonl", [ROW | {"problem": SECOND}])
    (tmp_path / "manifest.json").write_text('{"counts": {"train": 1}, "settings": {}}')
    assert labels(tmp_path) == ["manifest.json", "more.jsonl", "train.parquet"]
    with pytest.raises(RowError, match="Is a directory"):
        list(read_prompts(tmp_path, "problem"))


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """Each was once a traceback."""
    source = write_rows(tmp_path / "rows.jsonl", [ROW])
    odd = os.fsdecode(b"b\xffd.jsonl")
    write_rows(tmp_path / odd, [ROW])
    given = str(source)
    for inputs, more, said in [
        ((str(tmp_path / odd),), {}, "INPUT .*: its name is not UTF-8, and no table can hold it; rename it"),
        ((given,), {"against": (str(tmp_path / odd),)}, "--against .*: its name is not UTF-8"),
        ((given,), {"output": tmp_path / odd[:3]}, "-o .*: it cannot be written"),
        ((given,), {"instruction": "x\udcff"}, "--instruction .*: it is not UTF-8"),
        ((given,), {"data_source": "x\udcff"}, "--data-source .*: it is not UTF-8"),
    ]:
        with pytest.raises(ConfigError, match=said):
            curate(CurateSettings(inputs, **{"output": tmp_path / "out"} | more))
