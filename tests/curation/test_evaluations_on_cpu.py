"""Evaluations as they are read: what cannot be read is said, and no two have one name."""

from pathlib import Path

import pytest
from raw_problems import PROBLEMS, kept, run, write_rows

from still_verl.config_errors import ConfigError

(FIRST, ANSWER), (SECOND, SECOND_ANSWER) = PROBLEMS[:2]
ROW = {"id": "a", "problem": "What is the sum of 2 and 2?", "answer": "4"}


def exam(path: Path, bad: int) -> str:
    rows = [{"problem": f"{text} It is so.", "answer": gold} for text, gold in PROBLEMS[:3]]
    write_rows(path, [{"text": "no problem"}] * bad + rows * 4)
    return str(path)


def test_unreadable_lines_of_an_evaluation_are_counted_and_noted(tmp_path: Path) -> None:
    result = run(tmp_path, [ROW], against=(exam(tmp_path / "exam.jsonl", 1),))
    said = result.manifest["against"]["exam.jsonl"]
    assert (said["problems"], said["unreadable"]) == (12, 1)
    assert said["first_unreadable"].startswith("line 1: no column is one of problem")
    (note,) = [note for note in result.notes if "--against" in note]
    assert note.startswith("--against exam.jsonl: 1 lines cannot be read") and "line 1: no column" in note
    result = run(tmp_path, [ROW], against=(exam(tmp_path / "exam.jsonl", 0),))
    assert set(result.manifest["against"]["exam.jsonl"]) == {"sha256", "problems"}


def test_an_evaluation_with_many_unreadable_lines_is_refused(tmp_path: Path) -> None:
    against = (exam(tmp_path / "exam.jsonl", 4),)
    with pytest.raises(ConfigError, match=r"--against .*exam.jsonl: 4 of 16 lines .*25%.*--max-rejects 0.1.*line 1"):
        run(tmp_path, [ROW], against=against)
    assert run(tmp_path, [ROW], against=against, max_rejects=0.3).manifest["counts"]["kept"] == 1


@pytest.mark.parametrize(
    ("files", "called"),
    [
        (["bench.v1.jsonl", "bench.v2.jsonl"], ["bench.v1/1", "bench.v2/1"]),
        (["bench.jsonl", "bench.json"], ["bench.jsonl/1", "bench.json/1"]),
        (["bench.v1.jsonl", "other.v1.jsonl"], ["bench/1", "other/1"]),
    ],
)
def test_evaluations_have_names_and_groups_of_their_own(files: list[str], called: list[str], tmp_path: Path) -> None:
    for name, (text, gold) in zip(files, PROBLEMS[:2], strict=True):
        write_rows(tmp_path / name, [{"problem": text, "answer": gold}])
    rows = [
        {"id": "a", "problem": FIRST.replace("57", "58"), "answer": "264"},
        {"id": "b", "problem": SECOND.replace("26", "27"), "answer": "1/23"},
    ]
    run(tmp_path, rows, against=tuple(str(tmp_path / name) for name in files))
    found = {row["extra_info"]["id"]: row["extra_info"] for row in kept(tmp_path / "out")}
    assert [found["a"]["template_of"], found["b"]["template_of"]] == called
    assert found["a"]["group"] != found["b"]["group"]


def test_all_problems_of_a_benchmark_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that no rule can score were once kept."""
    monkeypatch.setenv("STILL_DATA", str(tmp_path))
    rows = [{"problem": text, "answer": gold} for text, gold in PROBLEMS[:3]]
    exam_rows = [rows[0], rows[1] | {"answer": None}, rows[2] | {"answer": "see solution"}]
    write_rows(tmp_path / "math_500.jsonl", exam_rows)
    counts = run(tmp_path, rows, against=("math500",)).manifest
    assert counts["against"]["math500"]["problems"] == 3 and counts["counts"]["kept"] == 0
    assert counts["dropped"] == {"leak": 2, "suspect": 1}


def test_a_message_names_the_option_that_was_given(tmp_path: Path) -> None:
    for name, said in [
        ("nosuch", "--against nosuch: unknown; use one of aime24"),
        ("nosuch.jsonl", "--against nosuch.jsonl: there is no such file"),
        ("", "--against '': name a file"),
        ("a" * 300, "--against a*: it cannot be read"),
    ]:
        with pytest.raises(ConfigError, match=said):
            run(tmp_path, [ROW], against=(name,))


def test_an_empty_set_is_said(tmp_path: Path) -> None:
    """A set that is compared with itself has nothing left."""
    said = "no row is kept: the set is empty; dropped.jsonl says why"
    assert said not in run(tmp_path, [ROW]).notes
    assert said in run(tmp_path, [ROW], against=(str(tmp_path / "rows.jsonl"),)).notes


def test_a_short_question_of_an_option_is_no_leak_in_a_longer_one(tmp_path: Path) -> None:
    """Each problem that ended in "Find the value of x." with the answer 30 was a leak."""
    entry = {"question": "Find the value of x.", "choices": ["30", "40", "50"], "answer": 0}
    exam = write_rows(tmp_path / "exam.jsonl", [entry])
    rows = [{"id": "a", "problem": "The sum of x and 12 is 42. Find the value of x.", "answer": "30"}]
    assert run(tmp_path, rows, against=(str(exam),)).manifest["dropped"] == {}


def test_a_problem_with_options_is_found_without_them(tmp_path: Path) -> None:
    """The numbers of the options were missing in the open question, which had only the template in common."""
    text, answer = PROBLEMS[0]
    entries = [
        {"question": text, "choices": ["199", answer, "322"], "answer": 1},
        {"question": f"{PROBLEMS[3][0]}\nA. 1200\nB. 1950\nC. 2400\nD. 3000", "answer": "B"},
    ]
    exam = write_rows(tmp_path / "exam.jsonl", entries)
    rows = [
        {"id": "open", "problem": text, "answer": answer},
        {"id": "open too", "problem": PROBLEMS[3][0], "answer": "1950"},
        {"id": "with options", **entries[1]},
        {"id": "free", "problem": PROBLEMS[1][0], "answer": PROBLEMS[1][1]},
    ]
    result = run(tmp_path, rows, against=(str(exam),))
    assert result.manifest["dropped"] == {"leak": 3} and result.manifest["against"]["exam.jsonl"]["problems"] == 2
