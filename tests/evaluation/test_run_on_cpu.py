"""The journal of a run, and which runs may share it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from echo_engine import Echo, asked, problems, settings

from still_verl.config_errors import ConfigError
from still_verl.evaluation.engines.base import EngineError
from still_verl.evaluation.journal import SAMPLES, Journal
from still_verl.evaluation.rows import Row
from still_verl.evaluation.run import Finished, evaluate
from still_verl.evaluation.score import Scorer
from still_verl.evaluation.setup import Settings, make_run


@pytest.fixture(autouse=True)
def _nothing_asked() -> None:
    asked.clear()


def run(wanted: Settings) -> Finished:
    plan, engine, _ = make_run(wanted)
    return evaluate(plan, engine, Scorer())


def test_more_samples_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    run(settings(tmp_path, k=2))
    first = list(asked)
    finished = run(settings(tmp_path, k=5))
    assert len(first) == 6 and len(asked) == 15 == len(set(asked))
    assert [row.index for row in finished.rows] == 3 * [0, 1, 2, 3, 4]
    run(settings(tmp_path, k=1))
    assert len(asked) == 15


def test_another_benchmark_is_added_to_the_run(tmp_path: Path) -> None:
    run(settings(tmp_path))
    more = [problems(tmp_path), problems(tmp_path, "other", count=1)]
    finished = run(settings(tmp_path, benchmarks=more))
    assert len(asked) == 8 and [row.benchmark for row in finished.rows] == 6 * ["sums"] + 2 * ["other"]


CHANGES: dict[str, dict[str, Any]] = {
    "benchmarks.sums.temperature is 0.6 there and 0.7 here": {"sampling": {"temperature": 0.7}},
    "benchmarks.sums.max_tokens is 32768 there and 9 here": {"sampling": {"max_tokens": 9}},
    "seed is 0 there and 1 here": {"seed": 1},
    'prompt.system is "" there and "Think." here': {"system": "Think."},
    'prompt.style is "chat" there and "raw" here': {"prompt": "raw"},
}


@pytest.mark.parametrize("said, change", CHANGES.items())
def test_a_run_with_other_settings_is_refused(said: str, change: dict[str, Any], tmp_path: Path) -> None:
    run(settings(tmp_path))
    with pytest.raises(ConfigError) as error:
        run(settings(tmp_path, **change))
    assert f"has samples of another run: {said}. Choose another folder" in str(error.value)


def test_another_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(settings(tmp_path))
    monkeypatch.setattr(Echo, "model", "other")
    with pytest.raises(ConfigError, match='model.name is "echo" there and "other" here'):
        run(settings(tmp_path))


def test_another_text_of_a_problem_is_refused(tmp_path: Path) -> None:
    run(settings(tmp_path))
    with pytest.raises(ConfigError, match="problem 0 of sums was asked with another text"):
        run(settings(tmp_path, benchmarks=[problems(tmp_path, text="Problem")]))


def test_a_corrected_right_answer_changes_scores_and_asks_nothing(tmp_path: Path) -> None:
    before = run(settings(tmp_path)).rows
    file = Path(problems(tmp_path))
    file.write_text(file.read_text().replace('"answer": "1"', '"answer": "0"'))
    after = run(settings(tmp_path, benchmarks=[str(file)])).rows
    assert len(asked) == 6
    assert [row.correct for row in after] == [not row.correct for row in before]


@pytest.mark.parametrize("cut", range(1, 300, 37))
def test_a_torn_last_line_is_cut_off_and_drawn_again(cut: int, tmp_path: Path) -> None:
    run(settings(tmp_path))
    journal, rows = tmp_path / "run" / "journal.jsonl", tmp_path / "run" / "rows.jsonl"
    whole = rows.read_bytes()
    journal.write_bytes(journal.read_bytes()[:-cut])
    finished = run(settings(tmp_path))
    assert rows.read_bytes() == whole
    assert len(asked) == 7
    assert journal.read_bytes().count(b"\n") == 6
    assert finished.notes == ["damaged lines of the journal, drawn again: 1"]


def test_a_damaged_line_in_the_middle_is_drawn_again(tmp_path: Path) -> None:
    run(settings(tmp_path))
    journal = tmp_path / "run" / "journal.jsonl"
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([lines[0], lines[1][:40], *lines[2:]]))
    assert len(run(settings(tmp_path)).rows) == 6 and len(asked) == 7


DAMAGED = {
    "deep": b"[" * 100_000,
    "bytes": b"\x00\xff",
    "a number": b"12",
    "a list for a name": b'{"benchmark": ["x"], "problem": "0", "index": 0}',
    "a list for a prompt": b'{"benchmark": "sums", "problem": "0", "index": 0, "prompt": ["x"]}',
    "a number for a text": b'{"benchmark": "sums", "problem": "0", "index": 0, "response": 5}',
    "a text for a record": b'{"benchmark": "sums", "problem": "0", "index": 0, "record": "x"}',
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED)
def test_any_damaged_line_is_drawn_again(line: bytes, tmp_path: Path) -> None:
    run(settings(tmp_path))
    journal = tmp_path / "run" / "journal.jsonl"
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([line, *lines[1:]]))
    finished = run(settings(tmp_path))
    assert len(finished.rows) == 6 and len(asked) == 7
    assert finished.notes == ["damaged lines of the journal, drawn again: 1"]


@pytest.mark.parametrize(
    "content", ["", "[]", "[" * 100_000, '{"benchmarks": 5}'], ids=["empty", "list", "deep", "number"]
)
def test_a_damaged_description_of_a_run_is_named(content: str, tmp_path: Path) -> None:
    run(settings(tmp_path))
    (tmp_path / "run" / "run.json").write_text(content)
    with pytest.raises(ConfigError, match="run.json is damaged"):
        run(settings(tmp_path))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(ConfigError, match="--output .*run: it is a file; choose a folder"):
        run(settings(tmp_path))


def test_what_was_drawn_before_the_engine_broke_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Echo, "fails_after", 4)
    with pytest.raises(EngineError):
        run(settings(tmp_path))
    monkeypatch.setattr(Echo, "fails_after", 10**9)
    run(settings(tmp_path))
    assert len(asked) == 6 == len(set(asked))


def test_one_process_at_a_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run", SAMPLES)
    with pytest.raises(ConfigError, match="another evaluation is writing there"):
        run(settings(tmp_path))
    journal.close()
    run(settings(tmp_path))


def test_a_folder_with_files_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("x")
    with pytest.raises(ConfigError, match="it has files of something else"):
        run(settings(tmp_path))


def test_what_a_model_wrote_is_only_text(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run", SAMPLES)
    hostile = Row("b", "1", 0, response='\ud800\n{"benchmark": "b", "problem": "1", "index": 1}\n\x00')
    journal.add(hostile)
    journal.close()
    again = Journal(tmp_path / "run", SAMPLES)
    assert len(again) == 1 and again.read(hostile.key) == hostile


def test_greedy_samples_are_drawn_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--k 2 with --temperature 0: greedy samples of a problem are all the same"):
        run(settings(tmp_path, sampling={"temperature": 0.0}))
    assert len(run(settings(tmp_path, k=1, sampling={"temperature": 0.0})).rows) == 3


def test_the_order_of_a_file_changes_no_sample(tmp_path: Path) -> None:
    first = {row.key: row for row in run(settings(tmp_path)).rows}
    file = Path(problems(tmp_path))
    file.write_text("".join(f"{line}\n" for line in reversed(file.read_text().splitlines())))
    other = replace(settings(tmp_path, benchmarks=[str(file)]), output=tmp_path / "other")
    assert {row.key: row for row in run(other).rows} == first
