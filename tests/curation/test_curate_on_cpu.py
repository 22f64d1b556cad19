"""A whole curation: every row ends in one place, whatever the order, the processes and the kills."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from raw_problems import PROBLEMS, dropped, kept, run, write_rows

from still_verl.config_errors import ConfigError
from still_verl.curation import curate as module
from still_verl.curation.adapters import auto
from still_verl.curation.curate import curate
from still_verl.curation.diff import difference
from still_verl.curation.settings import CurateSettings

OUTPUTS = ("train.parquet", "dropped.jsonl", "rejects.jsonl", "manifest.json", "review.html")
(FIRST, ANSWER), (SECOND, SECOND_ANSWER) = PROBLEMS[:2]


def row(number: int | str, problem: str, answer: Any, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "problem": problem, "answer": answer, **more}


def many() -> list[dict[str, Any]]:
    rows = []
    for number in range(60):
        text, answer = PROBLEMS[number % 5]
        rows.append(row(number, f"{text} Add {number // 10} to it.", answer))
    return rows


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in OUTPUTS}


def test_a_row_is_in_verls_layout(tmp_path: Path) -> None:
    run(tmp_path, [row(1, FIRST, ANSWER, source="garden", level="5")])
    (found,) = kept(tmp_path / "out")
    assert found["data_source"] == "garden" and found["reward_model"] == {"style": "rule", "ground_truth": "265"}
    (message,) = found["prompt"]
    assert message == {"role": "user", "content": FIRST}
    assert found["extra_info"]["id"] == "1" and json.loads(found["extra_info"]["columns"]) == {"level": "5"}


def test_an_instruction_is_added_where_it_is_asked_for(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [row(1, FIRST, ANSWER)])
    curate(CurateSettings((str(source),), tmp_path / "out", instruction=" Put it in a box."))
    assert kept(tmp_path / "out")[0]["prompt"][0]["content"] == f"{FIRST} Put it in a box."


def test_every_row_ends_in_one_place(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [row(1, FIRST, ANSWER), row(2, "Prove that 1 = 1.", "1")])
    with source.open("ab") as file:
        file.write(b'{"problem": "torn\n\xff\xfe\n\n[1]\n{"problem": "a", "problem": "b"}\n{"problem": 5}\n')
    result = curate(CurateSettings((str(source),), tmp_path / "out", max_rejects=1.0))
    assert result.manifest["counts"] == {"rows": 8, "kept": 1, "dropped": 1, "rejected": 6}
    rejects = [json.loads(line) for line in (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()]
    assert [reject["line"] for reject in rejects] == [3, 4, 5, 6, 7, 8]
    assert all(reject["file"] == "rows.jsonl" and reject["cause"] for reject in rejects)


def test_a_row_without_an_id_gets_one_that_names_file_and_line(tmp_path: Path) -> None:
    run(tmp_path, [{"question": FIRST, "answer": ANSWER}, {"question": "Prove that 1=1.", "answer": "1"}])
    assert kept(tmp_path / "out")[0]["extra_info"]["id"] == "rows.jsonl:1"
    assert dropped(tmp_path / "out") == {"rows.jsonl:2": "proof"}


def test_duplicates_conflicts_and_templates(tmp_path: Path) -> None:
    rows = [
        row("a", FIRST, ANSWER),
        row("b", FIRST.upper().replace("$", ""), "265.0"),
        row("c", FIRST.replace("How many of the", "Find how many"), ANSWER),
        row("d", FIRST.replace("57", "58"), "264"),
        row("e", SECOND, "5"),
        row("f", SECOND, "6"),
        row("g", PROBLEMS[3][0], "1950"),
    ]
    run(tmp_path, rows)
    gone = dropped(tmp_path / "out")
    assert sorted(gone.values()) == ["conflict", "conflict", "duplicate", "duplicate"]
    assert gone["e"] == gone["f"] == "conflict" and "d" not in gone
    groups = {found["extra_info"]["id"]: found["extra_info"]["group"] for found in kept(tmp_path / "out")}
    (original,) = {"a", "b", "c"} - gone.keys()
    assert groups[original] == groups["d"] != "" and groups["g"] == ""


def test_evaluations_stay_out_in_the_problem_and_in_the_solution(tmp_path: Path) -> None:
    exam = write_rows(
        tmp_path / "exam.jsonl", [{"problem": text, "solution": rf"\boxed{{{gold}}}"} for text, gold in PROBLEMS]
    )
    rows = [
        row("leak", f"Solve this. {FIRST}", ANSWER),
        row("suspect", FIRST, "11"),
        row("template", FIRST.replace("57", "58"), "264"),
        row("solution", "What is the sum of 1 and 1?", "2", solution=f"2. Another one: {SECOND} It is solved so."),
        row("free", "What is the sum of 2 and 2?", "4"),
    ]
    result = run(tmp_path, rows, against=(str(exam),))
    assert dropped(tmp_path / "out") == {"leak": "leak", "suspect": "suspect", "solution": "leak"}
    assert result.manifest["against"]["exam.jsonl"]["problems"] == len(PROBLEMS)
    train = {found["extra_info"]["id"]: found["extra_info"] for found in kept(tmp_path / "out")}
    assert train["template"]["template_of"] == "exam/1" and train["template"]["group"]
    assert "leak" not in json.dumps(train["template"]) and train["free"]["group"] == ""
    run(tmp_path, rows, against=(str(exam),), keep_suspects=True)
    assert dropped(tmp_path / "out") == {"leak": "leak", "solution": "leak"}


def test_a_prompt_that_was_edited_counts(tmp_path: Path) -> None:
    """What somebody wrote into the prompt of a set was undone by the next curation."""
    run(tmp_path, [row("a", FIRST, ANSWER)], instruction="Box it.")
    (found,) = kept(tmp_path / "out")
    assert auto(found).problem == FIRST
    found["prompt"][0]["content"] = f"Today: {found['prompt'][0]['content']}"
    assert auto(found).problem == f"Today: {FIRST} Box it."


def test_tasks_with_tests_are_curated_again(tmp_path: Path) -> None:
    """Nothing said any more that their right answers are tests: all were dropped for having none."""
    task = {"task_id": "a/0", "prompt": "def f():\n    ", "test": "def check(f):\n    f()\n", "entry_point": "f"}
    run(tmp_path, [task])
    (before,) = kept(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    assert run(tmp_path, [before]).manifest["dropped"] == {}
    (after,) = kept(tmp_path / "out")
    for name in ("ability", "prompt", "reward_model"):
        assert after[name] == before[name]


def test_an_evaluation_problem_with_options_is_a_leak_by_the_value_of_its_letter(tmp_path: Path) -> None:
    exam = write_rows(tmp_path / "exam.jsonl", [row("e", "Compute $31 \\cdot 28 - 5$.", "863")])
    options = "(A) $800$ (B) $863$ (C) $900$"
    rows = [
        row("leak", f"Compute $31 \\cdot 28 - 5$.\n{options}", "B"),
        row("other", f"Compute $31 \\cdot 28 - 5$.\n{options}", "A"),
        row("free", "What is the sum of 2 and 2?", "4"),
        row("letter", "Compute $31 \\cdot 28 - 5$.", "A"),
    ]
    run(tmp_path, rows, against=(str(exam),), filters=())
    assert dropped(tmp_path / "out") == {"leak": "leak", "letter": "suspect"}


def test_a_set_that_is_curated_again_keeps_its_columns_and_its_instruction_once(tmp_path: Path) -> None:
    rows = [row("a", FIRST, ANSWER, level=3), row("b", "Compute $3 + 4$.\nA) 6\nB) 7\nC) 8", "B")]
    run(tmp_path, rows, instruction="In one word.", reformulate="choices")
    before = kept(tmp_path / "out")
    again = CurateSettings((str(tmp_path / "out"),), tmp_path / "again", instruction="In one word.")
    curate(again)
    after = kept(tmp_path / "again")
    columns = {found["extra_info"]["id"]: json.loads(found["extra_info"]["columns"]) for found in after}
    assert columns == {"a": {"ability": "math", "level": "3"}, "b": {"ability": "math", "reformulated": "choices"}}
    assert sorted(map(str, [found["prompt"] for found in after])) == sorted(
        map(str, [found["prompt"] for found in before])
    )


def test_decisions_of_people_are_honoured(tmp_path: Path) -> None:
    rows = [row("a", FIRST, ANSWER), row("b", "Prove that 1=1.", "1")]
    run(tmp_path, rows)
    (gone,) = (tmp_path / "out" / "dropped.jsonl").read_text().splitlines()
    decided = [{"key": json.loads(gone)["key"], "decision": "keep"}, {"id": "a", "decision": "drop"}]
    write_rows(tmp_path / "out" / "decisions.jsonl", decided)
    result = run(tmp_path, rows)
    assert dropped(tmp_path / "out") == {"a": "reviewed"} and result.manifest["decisions"] == {"given": 2, "used": 2}
    write_rows(tmp_path / "out" / "decisions.jsonl", [{"id": "a", "decision": "maybe"}])
    with pytest.raises(ConfigError, match="line 1 is no decision"):
        run(tmp_path, rows)


def test_the_page_holds_no_markup_of_the_data(tmp_path: Path) -> None:
    run(tmp_path, [row("a", "Prove that </script><script>alert(1)</script> holds.", "1"), row("b", FIRST, ANSWER)])
    assert "<script>alert" not in (tmp_path / "out" / "review.html").read_text()


@pytest.mark.process
def test_processes_order_and_kills_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_ROWS", 7)
    rows = many()
    one, two = write_rows(tmp_path / "one.jsonl", rows[:30]), write_rows(tmp_path / "two.jsonl", rows[30:])
    exam = write_rows(tmp_path / "exam.jsonl", [row(0, *PROBLEMS[5])])

    def settings(name: str, *inputs: Path, workers: int = 1) -> CurateSettings:
        paths = tuple(map(str, inputs))
        return CurateSettings(paths, tmp_path / name, against=(str(exam),), workers=workers)

    curate(settings("a", one, two))
    expected = contents(tmp_path / "a")
    curate(settings("b", two, one, workers=2))
    assert contents(tmp_path / "b") == expected

    for stop_after in (1, 4, 3):
        calls = [0]

        def killed(_rows: int, calls: list[int] = calls, stop_after: int = stop_after) -> None:
            calls[0] += 1
            if calls[0] == stop_after:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            curate(settings("c", one, two), killed)
    done = [0]
    curate(settings("c", one, two), lambda rows: done.__setitem__(0, done[0] + rows))
    assert done[0] < 60 and contents(tmp_path / "c") == expected
    assert not (tmp_path / "c" / ".unfinished").exists()


@pytest.mark.process
def test_a_killed_curation_leaves_no_process(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", (row(n, f"What is {n} plus {n + 1}?", n) for n in range(30_000)))
    command = [
        sys.executable,
        "-m",
        "still_verl",
        "data",
        "curate",
        str(source),
        "-o",
        str(tmp_path / "out"),
        "--workers",
        "2",
    ]
    killed = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    unfinished = tmp_path / "out" / ".unfinished"
    deadline = time.monotonic() + 60
    while not list(unfinished.glob("*.npy")) and time.monotonic() < deadline:
        time.sleep(0.05)
    children = psutil.Process(killed.pid).children(recursive=True)
    assert len(children) >= 2
    killed.kill()
    killed.wait()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert list(unfinished.glob("*.npy"))


def test_lines_in_another_order_give_the_same_set(tmp_path: Path) -> None:
    run(tmp_path, many())
    expected = (tmp_path / "out" / "train.parquet").read_bytes()
    shutil.rmtree(tmp_path / "out")
    run(tmp_path, reversed(many()))
    assert (tmp_path / "out" / "train.parquet").read_bytes() == expected


def test_what_changed_between_two_sets(tmp_path: Path) -> None:
    run(tmp_path, [row("a", FIRST, ANSWER), row("b", "Prove that 1=1.", "1")])
    shutil.move(tmp_path / "out", tmp_path / "before")
    run(tmp_path, [row("a", FIRST, ANSWER), row("b", "Prove that 1=1.", "1")], filters=("no_answer",))
    found = difference(tmp_path / "before", tmp_path / "out")
    assert found["moved"] == [{"from": "dropped: proof", "to": "kept", "rows": 1, "example": "b"}]
    assert ("counts.kept", 1, 2) in found["changed"]


def test_a_filter_and_an_adapter_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_curation.py").write_text(
        "from still_verl.curation.rows import Fields\n"
        "def read(row): return Fields(row['q'], row['a'], id=row['n'])\n"
        "def no_tulips(row): return 'tulips' if 'tulip' in row.plain else ''\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    rows = [{"q": FIRST, "a": ANSWER, "n": "x"}, {"q": SECOND, "a": SECOND_ANSWER, "n": "y"}]
    run(tmp_path, rows, adapter="my_curation.read", filters=("my_curation.no_tulips",))
    assert dropped(tmp_path / "out") == {"x": "no_tulips"}
