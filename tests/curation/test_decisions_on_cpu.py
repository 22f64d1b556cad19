"""Decisions of people, and what a kept row says: its instruction, and that there is no answer."""

import json
from pathlib import Path

from raw_problems import PROBLEMS, kept, run

(FIRST, ANSWER), (SECOND, SECOND_ANSWER) = PROBLEMS[:2]
ROWS = [{"id": "a", "problem": FIRST, "answer": ANSWER}, {"id": "a", "problem": SECOND, "answer": SECOND_ANSWER}]


def decide(folder: Path, text: str) -> Path:
    path = folder / "decided.jsonl"
    path.write_bytes(text.encode())
    return path


def test_a_decision_that_fits_no_row_is_noted_beside_one_that_fits_two(tmp_path: Path) -> None:
    text = '{"id": "a", "decision": "drop"}\n{"id": "gone", "decision": "drop"}\n'
    result = run(tmp_path, ROWS, decisions=decide(tmp_path, text))
    assert result.manifest["decisions"] == {"given": 2, "used": 1}
    assert "1 decisions fit no row" in result.notes and result.manifest["counts"]["dropped"] == 2


def test_an_id_that_is_0_a_mark_of_utf8_and_a_separator_inside_of_an_id(tmp_path: Path) -> None:
    rows = [
        {"id": 0, "problem": FIRST, "answer": ANSWER},
        {"id": "x\u2028y", "problem": SECOND, "answer": SECOND_ANSWER},
    ]
    decided = [{"id": 0, "decision": "drop"}, {"id": "x\u2028y", "decision": "drop"}]
    text = "\ufeff" + "\r\n".join(json.dumps(each, ensure_ascii=False) for each in decided)
    result = run(tmp_path, rows, decisions=decide(tmp_path, text))
    assert result.manifest["decisions"] == {"given": 2, "used": 2}
    assert result.manifest["dropped"] == {"reviewed": 2}


def test_an_instruction_is_not_glued_to_the_problem(tmp_path: Path) -> None:
    for instruction, prompt in [("Box it.", f"{FIRST} Box it."), ("\nBox it.", f"{FIRST}\nBox it."), ("", FIRST)]:
        run(tmp_path, ROWS[:1], instruction=instruction)
        assert kept(tmp_path / "out")[0]["prompt"][0]["content"] == prompt


def test_rows_that_are_kept_without_an_answer_are_noted(tmp_path: Path) -> None:
    rows = [*ROWS, {"id": "b", "problem": "What is the sum of 2 and 3?"}]
    result = run(tmp_path, rows, filters=("proof",))
    assert result.manifest["kept_without_answer"] == 1
    assert any(note.startswith("1 rows without a right answer were kept") for note in result.notes)
    assert "kept_without_answer" not in run(tmp_path, rows).manifest
