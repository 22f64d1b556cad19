"""Decisions of people, and what a kept row says: its instruction, and that there is no answer."""

import json
from pathlib import Path
from typing import Any

from raw_problems import PROBLEMS, kept, run, write_rows

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


def saved(page: Path) -> list[dict[str, str]]:
    """The decisions that a page has from before."""
    _, _, rest = page.read_text(encoding="utf-8").partition("given = ")
    found: list[dict[str, str]] = json.JSONDecoder().raw_decode(rest)[0]
    return found


def test_the_page_has_the_decisions_of_earlier_pages(tmp_path: Path) -> None:
    """A file that was saved on the second page had none of the first, and what it kept was dropped again."""
    rows = [{"id": "a", "problem": "Prove that GIVEN = ROWS </script>.", "answer": "1"}, *ROWS]
    run(tmp_path, rows)
    assert saved(tmp_path / "out" / "review.html") == []
    decided = [{"id": "a", "decision": "keep"}, {"key": "GIVEN ROWS </script>", "decision": "drop"}]
    write_rows(tmp_path / "out" / "decisions.jsonl", decided)
    run(tmp_path, rows)
    assert saved(tmp_path / "out" / "review.html") == decided
    assert (tmp_path / "out" / "review.html").read_text().count("</script>") == 1


def test_the_page_shows_what_was_decided_by_an_id_or_a_key(tmp_path: Path) -> None:
    rows = [{"id": name, "problem": f"Prove that {name} > 0.", "answer": "1"} for name in "xyz"]
    run(tmp_path, rows)
    keys = {}
    for text in (tmp_path / "out" / "dropped.jsonl").read_text().splitlines():
        keys[json.loads(text)["id"]] = json.loads(text)["key"]
    decided = [{"id": "x", "decision": "drop"}, {"key": keys["y"], "decision": "drop"}]
    write_rows(tmp_path / "out" / "decisions.jsonl", decided)
    run(tmp_path, rows)
    _, _, rest = (tmp_path / "out" / "review.html").read_text(encoding="utf-8").partition("rows = ")
    shown = {row["id"]: row["decision"] for row in json.JSONDecoder().raw_decode(rest)[0]}
    assert shown == {"x": "drop", "y": "drop", "z": ""}


def test_a_long_row_is_shortened_on_the_page_and_whole_in_the_file(tmp_path: Path) -> None:
    run(tmp_path, [{"id": "a", "problem": f"Prove that {'x + ' * 20_000} 1 > 0.", "answer": "1"}, *ROWS])
    assert (tmp_path / "out" / "review.html").stat().st_size < 50_000
    assert "80,018 characters" in (tmp_path / "out" / "review.html").read_text()
    assert (tmp_path / "out" / "dropped.jsonl").stat().st_size > 80_000


def groups(folder: Path, rows: list[dict[str, str]], **settings: Any) -> dict[str, str]:
    """The group of each row that is kept; the manifest says how many there are."""
    result = run(folder, rows, **settings)
    found = {row["extra_info"]["id"]: row["extra_info"]["group"] for row in kept(folder / "out")}
    assert result.manifest["groups"] == len(set(found.values()) - {""})
    return found


def test_rows_that_a_person_keeps_are_in_the_group_of_their_twins(tmp_path: Path) -> None:
    """A split put a duplicate, a contradiction or a leak that somebody kept on the other side of its twin."""
    other = FIRST.replace("14", "15")
    rows = [
        {"id": "a", "problem": FIRST, "answer": ANSWER},
        {"id": "again", "problem": FIRST, "answer": ANSWER},
        {"id": "b", "problem": SECOND, "answer": "1"},
        {"id": "other answer", "problem": SECOND, "answer": "2"},
        {"id": "no answer", "problem": other, "answer": ""},
        {"id": "free", "problem": "What is the sum of 2 and 3?", "answer": "5"},
    ]
    decided = [{"id": row["id"], "decision": "keep"} for row in rows]
    found = groups(tmp_path, rows, decisions=write_rows(tmp_path / "decided.jsonl", decided))
    assert found["a"] == found["again"] == found["no answer"] != ""
    assert found["b"] == found["other answer"] != "" and found["free"] == ""
    run(tmp_path, rows)
    keys = [json.loads(line) for line in (tmp_path / "out" / "dropped.jsonl").read_text().splitlines()]
    by_key = write_rows(tmp_path / "keys.jsonl", [{"key": row["key"], "decision": "keep"} for row in keys])
    assert groups(tmp_path, rows, decisions=by_key) == found


def test_short_twins_whose_numbers_all_differ_are_in_one_group(tmp_path: Path) -> None:
    """MinHash finds no likeness where each run of three words has another number."""
    texts = ["Find x if 3x + 5 = 20.", "Find $y$ if $4y + 7 = 31$.", "Find x if 3x - 5 = 22.", FIRST]
    found = groups(tmp_path, [{"id": str(n), "problem": text, "answer": str(n)} for n, text in enumerate(texts)])
    assert found["0"] == found["1"] != "" and found["2"] == found["3"] == ""


def test_a_conflict_that_is_kept_is_in_the_group_of_its_template(tmp_path: Path) -> None:
    """Its twin with other numbers was on the other side of a split."""
    rows = [
        {"id": "a", "problem": FIRST, "answer": "1"},
        {"id": "b", "problem": FIRST, "answer": "2"},
        {"id": "twin", "problem": FIRST.replace("14", "15"), "answer": "288"},
    ]
    decided = write_rows(tmp_path / "decided.jsonl", [{"id": "a", "decision": "keep"}])
    found = groups(tmp_path, rows, decisions=decided)
    assert set(found) == {"a", "twin"} and found["a"] == found["twin"] != ""


def test_the_group_of_a_template_of_an_evaluation_is_counted(tmp_path: Path) -> None:
    exam = write_rows(tmp_path / "exam.jsonl", [{"id": 1, "problem": FIRST, "answer": ANSWER}])
    rows = [{"id": "a", "problem": FIRST.replace("14", "15"), "answer": "288"}]
    assert groups(tmp_path, rows, against=(str(exam),))["a"]


def test_a_leak_in_a_solution_is_shown(tmp_path: Path) -> None:
    exam = write_rows(tmp_path / "exam.jsonl", [{"id": 1, "problem": FIRST, "answer": ANSWER}])
    run(
        tmp_path,
        [{"id": "a", "problem": "What is 1 + 1?", "answer": "2", "solution": f"So. {FIRST}"}],
        against=(str(exam),),
    )
    (row,) = map(json.loads, (tmp_path / "out" / "dropped.jsonl").read_text().splitlines())
    assert row["evaluation"]["place"] == "solution" and "57 of the tulip" in row["evaluation"]["passage"]
