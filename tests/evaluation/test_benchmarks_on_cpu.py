"""Benchmarks: where they are found, and what is wrong with their problems."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from still_verl.config_errors import ConfigError
from still_verl.evaluation import hub
from still_verl.evaluation.benchmarks import KNOWN, find_benchmark, load_benchmark
from still_verl.evaluation.problems import Benchmark


def write(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("STILL_DATA", raising=False)


SIZES = {"aime24": 30, "AIME25": 30, "MATH-500": 500, "hmmt": 30, "OlymMATH-EN-HARD": 100, "gsm8k": 1319}


@pytest.mark.parametrize("name, size", SIZES.items())
def test_the_sets_of_the_study_are_read_whole(name: str, size: int, shared_data: Path) -> None:
    found = load_benchmark(name, shared_data)
    assert (len(found.problems), found.notes) == (size, ())
    assert len({problem.id for problem in found.problems}) == size


def test_a_folder_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "aime_2024.jsonl", [{"problem": "a", "answer": "1"}])
    monkeypatch.setenv("STILL_DATA", str(tmp_path))
    found = load_benchmark("aime24")
    assert found.name == "aime24"
    assert found.notes == ("aime_2024.jsonl has 1 problems that can be scored; the benchmark has 30",)


def test_a_folder_that_is_not_there_is_named_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was `--data /nowhere`, an option that `data curate` has not."""
    monkeypatch.setenv("STILL_DATA", "/nowhere")
    with pytest.raises(ConfigError, match="^STILL_DATA=/nowhere: there is no such folder"):
        find_benchmark("math500", option="--against")
    with pytest.raises(ConfigError, match="^--data /neither: there is no such folder"):
        load_benchmark("math500", Path("/neither"))


def test_an_unknown_one_lists_the_known_and_the_nearest() -> None:
    with pytest.raises(ConfigError) as error:
        load_benchmark("omni50")
    assert all(name in str(error.value) for name in KNOWN) and str(error.value).endswith("did you mean omni500?")


@pytest.mark.parametrize("name", ["math500", "omni500"])
def test_a_missing_one_says_where_to_get_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_benchmark(name, tmp_path)
    assert f"no file {name}.jsonl in {tmp_path}" in str(error.value) and KNOWN[name].source in str(error.value)


def faulty(tmp_path: Path) -> Benchmark:
    rows: list[dict[str, object]] = [
        {"id": 1, "problem": "a", "answer": "1"},
        {"id": 2, "problem": "b"},
        {"id": 3, "problem": "c", "answer": "nan"},
        {"id": 4, "problem": "d", "answer": r"\frac{1}{2"},
        {"id": 1, "problem": "e", "answer": "5"},
        {"id": 1, "problem": "a", "answer": "1"},
        {"id": 7, "answer": "5"},
    ]
    return load_benchmark(write(tmp_path / "mine.jsonl", rows))


def test_problems_that_cannot_be_scored_are_left_out_counted_and_named(tmp_path: Path) -> None:
    found = faulty(tmp_path)
    assert [problem.id for problem in found.problems] == ["1", "1 (2)"]
    assert found.notes == (
        "lines of the benchmark that are no problem, left out: 1",
        "problems without a right answer, left out: 1",
        "problems whose right answer no response can equal, left out: 2",
        "problems with the id of another one, told apart by a number: 1",
        "problems that are in the file twice, counted once: 1",
    )
    assert found.examples[0] == "problem 2: it has no right answer"
    assert found.examples[1].startswith("problem 3: the right answer cannot be read: ")


def test_a_problem_without_id_is_known_by_its_text_in_any_order(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"problem": str(number), "answer": number} for number in range(3)]
    first = load_benchmark(write(tmp_path / "a.jsonl", rows))
    second = load_benchmark(write(tmp_path / "a.jsonl", rows[::-1]))
    assert first.problems == second.problems[::-1] and first.checksum == second.checksum
    assert [problem.answer for problem in first.problems] == ["0", "1", "2"]


def test_a_number_that_tells_problems_apart_is_no_id_of_another(tmp_path: Path) -> None:
    ids = ["1", "1", "1 (2)", "1", "1 (2)"]
    rows: list[dict[str, object]] = [{"id": id, "problem": str(n), "answer": n} for n, id in enumerate(ids)]
    found = load_benchmark(write(tmp_path / "a.jsonl", rows))
    assert [problem.id for problem in found.problems] == ["1", "1 (3)", "1 (2)", "1 (4)", "1 (2) (2)"]


def test_columns_of_a_parquet_that_json_has_not(tmp_path: Path) -> None:
    rows = {"problem": [b"a", b"b"], "answer": [Decimal("4.5"), Decimal("4")], "id": [datetime(2020, 1, 1)] * 2}
    pq.write_table(pa.table(rows), tmp_path / "a.parquet")
    found = load_benchmark(str(tmp_path / "a.parquet"))
    assert [(problem.text, problem.answer) for problem in found.problems] == [("a", "4.5"), ("b", "4.0")]


def test_half_a_character_of_a_problem_is_marked(tmp_path: Path) -> None:
    row = {"prompt": [{"role": "user", "content": "\ud800 1+1?"}], "answer": "2", "id": "\ud800"}
    (problem,) = load_benchmark(write(tmp_path / "a.jsonl", [row])).problems
    assert (problem.id, problem.text, problem.messages) == ("\ufffd", "\ufffd 1+1?", (("user", "\ufffd 1+1?"),))


def test_a_file_that_is_nested_beyond_reading_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 200_000)
    with pytest.raises(ConfigError, match="a.json cannot be read"):
        load_benchmark(str(tmp_path / "a.json"))


def test_verls_own_schema(tmp_path: Path) -> None:
    row = {"prompt": [{"role": "user", "content": "1+1?"}], "reward_model": {"ground_truth": "2"}}
    (problem,) = load_benchmark(write(tmp_path / "a.jsonl", [row])).problems
    assert (problem.text, problem.answer, problem.messages) == ("1+1?", "2", (("user", "1+1?"),))


def test_what_was_fetched_is_kept_with_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = b'{"problem": "a", "answer": "1"}\n'
    calls = []

    def download(source: hub.HubFile, path: Path) -> None:
        calls.append(source.url)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(served)

    monkeypatch.setattr(hub, "_download", download)
    assert len(load_benchmark("math500").problems) == 1 == len(load_benchmark("math500").problems)
    assert calls == ["http://127.0.0.1:9/datasets/HuggingFaceH4/MATH-500/resolve/main/test.jsonl"]
    (copy,) = hub.cache_folder().glob("*.jsonl")
    copy.write_bytes(served * 2)
    with pytest.raises(ConfigError, match="is not what was fetched"):
        load_benchmark("math500")
