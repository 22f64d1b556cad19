"""`still-verl score` and `still-verl verify`, as commands."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from still_verl.rewards.offline import read_rows

pytestmark = pytest.mark.process


def still(*arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "still_verl", *map(str, arguments)],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=120,
    )


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


RIGHT = {"data_source": "math", "solution_str": r"so \boxed{\frac12}", "ground_truth": "0.5"}
WRONG = {"data_source": "math", "solution_str": r"\boxed{7} [bold]", "ground_truth": "0.5", "extra_info": {"a": 1}}


@pytest.mark.parametrize(
    ("gold", "answer", "code", "word"),
    [("0.5", r"\frac12", 0, "equal: "), ("3", "4", 1, "different: "), ("3", "((9!)!)!", 2, "undecided: too large")],
)
def test_verify_says_why_and_exits_by_the_verdict(gold: str, answer: str, code: int, word: str) -> None:
    done = still("verify", gold, answer)
    assert (done.returncode, done.stdout.startswith(word)) == (code, True), done.stdout + done.stderr


def test_score_takes_a_keyword_of_the_reward(tmp_path: Path) -> None:
    scored = tmp_path / "scored.jsonl"
    rows = jsonl(tmp_path / "rows.jsonl", RIGHT)
    for verifier in ("strict", "lenient"):
        keyword = ("--kwarg", f"verifier={verifier}")
        done = still("score", "--reward-fn", "boxed_math", "--input", rows, "--output", scored, *keyword)
        assert done.returncode == 0, done.stderr
        assert json.loads(scored.read_text())["verifier"] == verifier


def test_score_adds_the_keys_and_prints_tables(tmp_path: Path) -> None:
    rows = jsonl(tmp_path / "rows.jsonl", RIGHT, WRONG)
    done = still("score", "--reward-fn", "boxed_math", "--input", rows, "--output", tmp_path / "scored.jsonl")
    assert done.returncode == 0, done.stderr
    scored = [json.loads(line) for line in (tmp_path / "scored.jsonl").read_text().splitlines()]
    assert [(row["score"], row["acc"], row["pred"]) for row in scored] == [(1.0, 1.0, r"\frac12"), (0.0, 0.0, "7")]
    assert scored[1]["extra_info"] == {"a": 1}
    assert "2 rows" in done.stdout and "Slowest rows" in done.stdout and "rows/s" in done.stdout


def test_score_reads_a_dump_of_verl_and_a_function_by_name(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def pay(solution_str, ground_truth, bonus, **_): return len(solution_str) + bonus\n"
    )
    dump = jsonl(tmp_path / "1.jsonl", {"input": "1+1", "output": "two", "gts": "2", "score": 9.0, "step": 1})
    scored = tmp_path / "out.jsonl"
    done = still(
        "score", "--reward-fn", f"{tmp_path}/mine.py:pay", "--input", dump, "--output", scored, "--kwarg", "bonus=2"
    )
    assert done.returncode == 0, done.stderr
    row = json.loads(scored.read_text())
    assert (row["score"], row["acc"], row["output"]) == (5.0, 5.0, "two")


@pytest.mark.parametrize(
    ("reward", "rows", "message"),
    [
        ("boxed_mth", [RIGHT], "no reward function 'boxed_mth'"),
        ("boxed_math:score", [RIGHT], "boxed_math.py has no function score"),
        ("boxed_math", [{"solution_str": "a"}], "rows.jsonl:1: no ground_truth; it has solution_str"),
        ("boxed_math", [], "rows.jsonl: no rows"),
        ("length", [RIGHT], "row 1: the reward raised TypeError"),
    ],
)
def test_mistakes_end_with_one_message(tmp_path: Path, reward: str, rows: list[dict[str, Any]], message: str) -> None:
    done = still("score", "--reward-fn", reward, "--input", jsonl(tmp_path / "rows.jsonl", *rows))
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1], done.stderr


def test_a_reward_whose_keys_change_is_refused_as_verl_would_fail(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(
        "def compute_score(solution_str, **_): return {'score': 1.0} | ({'x': 1} if 'bold' in solution_str else {})\n"
    )
    done = still("score", "--reward-fn", tmp_path / "odd.py", "--input", jsonl(tmp_path / "rows.jsonl", RIGHT, WRONG))
    assert done.returncode == 1
    assert "row 2: keys ['x'] are missing in some rows" in done.stderr


def test_a_breakpoint_in_the_reward_works(tmp_path: Path) -> None:
    (tmp_path / "stop.py").write_text("def compute_score(**row):\n    secret = 41\n    breakpoint()\n    return 1.0\n")
    rows = jsonl(tmp_path / "rows.jsonl", RIGHT)
    done = still("score", "--reward-fn", tmp_path / "stop.py", "--input", rows, stdin="p secret + 1\nc\n")
    assert done.returncode == 0, done.stderr
    assert "42" in done.stdout


def test_a_line_ends_at_a_line_feed_only(tmp_path: Path) -> None:
    row = RIGHT | {"solution_str": "one\u2028two\x85three\x0c"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\r\n\n", encoding="utf-8")
    assert read_rows(tmp_path / "rows.jsonl") == [row]
