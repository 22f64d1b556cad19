"""Bad input ends in the rejects, or in one clear error: never in a traceback, and no row is lost."""

import gzip
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_problems import PROBLEMS, run, write_rows

from still_verl.config_errors import ConfigError
from still_verl.curation.curate import curate
from still_verl.curation.settings import CurateSettings

GOLDS = [
    None,
    5,
    2.5,
    [],
    ["1", "2"],
    [1, [2]],
    {},
    {"answer": "3"},
    True,
    "",
    "9" * 5000,
    "\u0664\u0665",
    "\uff11\uff12",
    "\\frac{1",
]
PIECES = [
    b"\xff\xfe", b"\x00", b'"\\ud800"', b"\xef\xbb\xbf", b"[" * 3000, b"NaN", b"Infinity", b"\r\n", b"\r", b"\n", b"}{",
    b'"', b"\\", b'"answer": 1, ', b"null", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"9" * 5000, b"{" * 2000,
]  # fmt: skip


def corrupt_file(pick: random.Random) -> bytes:
    """A file of some rows, with damages of several kinds."""
    rows = []
    for number in range(pick.randint(1, 6)):
        text, gold = pick.choice(PROBLEMS)
        row = {
            "id": number,
            pick.choice(["problem", "question", "prompt"]): text,
            "answer": pick.choice([*GOLDS, gold]),
        }
        if pick.random() < 0.1:
            row["problem"] = pick.choice(
                [None, 5, [], {"a": 1}, "", " ", "\0", "\ud800", [{"role": "user", "content": text}]]
            )
        rows.append(json.dumps(row).encode())
    data = bytearray(b"\n".join(rows) + pick.choice([b"", b"\n", b"\r\n"]))
    for _ in range(pick.randint(0, 4)):
        place = pick.randrange(len(data) + 1)
        kind = pick.random()
        if kind < 0.5:
            data[place:place] = pick.choice(PIECES)
        elif kind < 0.8:
            del data[place : place + pick.randint(1, 40)]
        else:
            data[place : place + 1] = bytes([pick.randrange(256)])
    return bytes(data)


def lines_of(data: bytes) -> int:
    return data.count(b"\n") + bool(data and not data.endswith(b"\n"))


@pytest.mark.parametrize("seed", range(60))
def test_no_row_of_a_corrupt_file_is_lost(tmp_path: Path, seed: int) -> None:
    data = corrupt_file(random.Random(seed))
    source = tmp_path / "rows.jsonl"
    source.write_bytes(data)
    settings = CurateSettings((str(source),), tmp_path / "out", max_rejects=1.0)
    if not data:
        with pytest.raises(ConfigError):
            curate(settings)
        return
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return  # one unreadable file, whatever number of lines it has
    counts = curate(settings).manifest["counts"]
    assert counts["kept"] + counts["dropped"] + counts["rejected"] == counts["rows"] == lines_of(data)


def test_a_line_that_is_too_long_is_one_reject(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [{"problem": PROBLEMS[0][0], "answer": "265"}])
    with source.open("ab") as file:
        file.write(b'{"problem": "' + b"x" * (50 << 20) + b'"}\n')
    result = curate(CurateSettings((str(source),), tmp_path / "out", max_rejects=0.5))
    assert result.manifest["counts"] == {"rows": 2, "kept": 1, "dropped": 0, "rejected": 1}
    assert "longer than 16 MB" in (tmp_path / "out" / "rejects.jsonl").read_text()


@pytest.mark.parametrize("column", ["problem", "answer", "solution", "id", "data_source", "level", "anything"])
@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_half_of_a_surrogate_pair_is_a_reject_in_any_column(tmp_path: Path, column: str, kind: str) -> None:
    good = {"problem": PROBLEMS[0][0], "answer": "265", "solution": "so", "id": "1", "level": "\U0001f600"}
    bad = good | {"problem": PROBLEMS[1][0], "id": "2"} | {column: "x\ud800"}
    source = tmp_path / f"rows.{kind}"
    rows = [json.dumps(row) for row in (good, bad)]
    source.write_text("\n".join(rows) if kind == "jsonl" else f"[{', '.join(rows)}]")
    result = curate(CurateSettings((str(source),), tmp_path / "out", max_rejects=0.5))
    assert result.manifest["counts"] == {"rows": 2, "kept": 1, "dropped": 0, "rejected": 1}
    assert f"half of a surrogate pair in '{column}'" in (tmp_path / "out" / "rejects.jsonl").read_text()


@pytest.mark.parametrize("packed", ["gz", "zst"])
def test_a_torn_compressed_file_gives_what_is_whole(tmp_path: Path, packed: str) -> None:
    pick = random.Random(1)
    rows = []
    for number in range(3000):
        noise = "".join(pick.choices("abcdefghijkl ", k=200))
        rows.append(json.dumps({"id": number, "problem": f"What is {number} plus 1? {noise}", "answer": number + 1}))
    data = "\n".join(rows).encode()
    whole = gzip.compress(data) if packed == "gz" else pa.compress(data, codec="zstd", asbytes=True)
    source = tmp_path / f"rows.jsonl.{packed}"
    source.write_bytes(whole)
    settings = CurateSettings((str(source),), tmp_path / "out", filters=())
    assert curate(settings).manifest["counts"]["rows"] == 3000
    source.write_bytes(whole[: len(whole) * 2 // 3])
    counts = curate(settings).manifest["counts"]
    assert 1 <= counts["rejected"] <= 2 and counts["kept"] > 500
    assert counts["kept"] + counts["dropped"] + counts["rejected"] == counts["rows"]


def test_a_torn_table_is_a_reject(tmp_path: Path) -> None:
    table = pa.table({"problem": [PROBLEMS[0][0]], "answer": [["265", "265.0"]]})
    pq.write_table(table, tmp_path / "whole.parquet")
    assert curate(CurateSettings((str(tmp_path / "whole.parquet"),), tmp_path / "out")).manifest["counts"]["kept"] == 1
    data = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "torn.parquet").write_bytes(data[:-20])
    both = (str(tmp_path / "whole.parquet"), str(tmp_path / "torn.parquet"))
    counts = curate(CurateSettings(both, tmp_path / "out", max_rejects=0.5)).manifest["counts"]
    assert counts == {"rows": 2, "kept": 1, "dropped": 0, "rejected": 1}


@pytest.mark.parametrize("kind", ["parquet", "arrow", "json", "jsonl.gz", "jsonl.zst"])
def test_damaged_bytes_end_no_process(tmp_path: Path, kind: str) -> None:
    """Offsets of a damaged Arrow file that lie outside of it were once read."""
    problems = [f"What is {number} plus 1?" for number in range(50)]
    table = pa.table({"problem": problems, "answer": [str(number) for number in range(50)]})
    rows = "\n".join(map(json.dumps, table.to_pylist())).encode()
    source = tmp_path / f"rows.{kind}"
    if kind == "parquet":
        pq.write_table(table, source)
    elif kind == "arrow":
        with pa.OSFile(str(source), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    elif kind == "json":
        source.write_text(json.dumps(table.to_pylist()))
    else:
        source.write_bytes(
            gzip.compress(rows) if kind.endswith("gz") else pa.compress(rows, codec="zstd", asbytes=True)
        )
    whole = source.read_bytes()
    for seed in range(20):
        pick = random.Random(seed)
        data = bytearray(whole)
        data[pick.randrange(len(data))] = pick.randrange(256)
        cut = pick.randrange(len(data))
        del data[cut : cut + pick.choice([0, 0, 30])]
        source.write_bytes(data)
        counts = curate(CurateSettings((str(source),), tmp_path / "out", max_rejects=1.0)).manifest["counts"]
        assert counts["kept"] + counts["dropped"] + counts["rejected"] == counts["rows"] > 0


def test_too_many_rejects_stop_it_and_name_the_first(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"2 of 2 rows cannot be read \(100%.*line 1 of rows.jsonl: no column is one of problem"
    ):
        run(tmp_path, [{"text": "a", "label": 1}, {"text": "b", "label": 2}])


def test_a_missing_column_names_those_there_are_and_the_adapter_that_fits(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"it has reward_model; --adapter verl fits"):
        run(tmp_path, [{"reward_model": "x"}], adapter="columns")


def test_inputs_and_outputs_that_cannot_be(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [{"problem": PROBLEMS[0][0], "answer": "265"}])
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "nothing").mkdir()
    out = tmp_path / "out"
    for settings, message in [
        (CurateSettings((str(tmp_path / "absent.jsonl"),), out), "there is no such file"),
        (CurateSettings((str(tmp_path / "empty.jsonl"),), out), "there is no row"),
        (CurateSettings((str(tmp_path / "nothing"),), out), "no file in it ends in"),
        (CurateSettings((str(source),), tmp_path), "the input rows.jsonl lies there"),
        (CurateSettings((str(source),), source), "it is a file"),
        (CurateSettings((str(source),), source / "in"), "-o"),
        (CurateSettings((str(source),), out, against=(str(tmp_path / "empty.jsonl"),)), "--against"),
    ]:
        with pytest.raises(ConfigError, match=message):
            curate(settings)


def test_a_full_disk_is_one_message(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [{"problem": PROBLEMS[0][0], "answer": "265"}])
    out = tmp_path / "out"
    out.mkdir()
    (out / ".train.parquet.partial").symlink_to("/dev/full")
    with pytest.raises(ConfigError, match="No space left on device"):
        curate(CurateSettings((str(source),), out))


def test_a_result_inside_of_its_input_is_not_read_again(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [{"problem": PROBLEMS[0][0], "answer": "265"}])
    settings = CurateSettings((str(tmp_path),), tmp_path / "out")
    assert curate(settings).manifest["counts"]["kept"] == 1
    with pytest.raises(ConfigError, match="lies there; name another folder"):
        curate(settings)
