"""`still-verl score` and `still-verl verify`, as commands."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from still_verl.rewards.offline_rows import RowError, read_rows

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
        ("length", [RIGHT], "--kwarg max_tokens: the reward needs a value for it; give one"),
    ],
)
def test_mistakes_end_with_one_message(tmp_path: Path, reward: str, rows: list[dict[str, Any]], message: str) -> None:
    done = still("score", "--reward-fn", reward, "--input", jsonl(tmp_path / "rows.jsonl", *rows))
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1], done.stderr


REWARDS = {
    "none": "def compute_score(**row): return None",
    "nan": "def compute_score(**row): return float('nan')",
    "text": "def compute_score(**row): return {'score': '1'}",
    "broken": "def compute_score(:",
    "raises": "import nothing_of_this_name",
}


@pytest.mark.parametrize(
    ("reward", "message"),
    [
        ("none", "row 1: the reward returned None as score: return a finite number"),
        ("nan", "row 1: the reward returned nan as score: return a finite number"),
        ("text", "row 1: the reward returned '1' as score: return a finite number"),
        ("broken", "broken.py cannot be imported: SyntaxError: invalid syntax"),
        ("raises", "raises.py cannot be imported: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
    ],
)
def test_a_reward_that_is_none(tmp_path: Path, reward: str, message: str) -> None:
    (tmp_path / f"{reward}.py").write_text(REWARDS[reward])
    rows = jsonl(tmp_path / "rows.jsonl", RIGHT)
    done = still("score", "--reward-fn", tmp_path / f"{reward}.py", "--input", rows)
    assert done.returncode == 1 and message in done.stderr.splitlines()[-1], done.stderr


CALLABLES = """
import functools
class Pays:
    def __init__(self, bonus=0.0): self.bonus = bonus
    def __call__(self, solution_str, **row): return self.bonus + row.get("more", 0.0)
def add(solution_str, bonus, **row): return bonus
an_object, a_partial = Pays(0.5), functools.partial(add, bonus=0.5)
"""


@pytest.mark.parametrize("name", ["an_object", "a_partial", "Pays.__call__"])
def test_a_reward_may_be_any_callable(tmp_path: Path, name: str) -> None:
    (tmp_path / "own.py").write_text(CALLABLES)
    rows, scored = jsonl(tmp_path / "rows.jsonl", RIGHT), tmp_path / "scored.jsonl"
    done = still("score", "--reward-fn", f"{tmp_path}/own.py:{name}", "--input", rows, "--output", scored)
    if "." in name:
        assert done.returncode == 1 and f"has no function {name}" in done.stderr
    else:
        assert done.returncode == 0 and json.loads(scored.read_text())["score"] == 0.5, done.stderr


def test_a_reward_that_waits(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(
        "import asyncio\nasync def compute_score(**row):\n    await asyncio.sleep(0)\n    return 0.25\n"
    )
    scored = tmp_path / "scored.jsonl"
    rows = jsonl(tmp_path / "rows.jsonl", RIGHT)
    done = still("score", "--reward-fn", tmp_path / "waits.py", "--input", rows, "--output", scored)
    assert done.returncode == 0 and json.loads(scored.read_text())["score"] == 0.25, done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--kwarg", "verifer=lenient"), "--kwarg verifer=lenient: the reward does not read it; it reads extractors"),
        (("--kwarg", "verifier"), "--kwarg verifier: write NAME=VALUE"),
        (
            ("--kwarg", "verifier=lenent"),
            "--kwarg verifier='lenent': use one of strict, lenient; did you mean lenient?",
        ),
        (("--kwarg", "extractors=boxed"), "--kwarg extractors=boxed: write a list, as in [boxed]"),
        (("--kwarg", "extractors=[boxd]"), "--kwarg extractors='boxd'"),
        (("--output", "no/such/folder"), "--output no/such/folder cannot be written (No such file or directory)"),
        (("--output", "rows.jsonl"), "--output rows.jsonl is the input: name another file"),
    ],
)
def test_options_that_cannot_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: tuple[str, str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    jsonl(tmp_path / "rows.jsonl", RIGHT)
    done = still("score", "--reward-fn", "boxed_math", "--input", "rows.jsonl", *options)
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert (tmp_path / "rows.jsonl").read_text(), "the input is as it was"


def test_what_was_scored_before_an_error_is_kept(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text("def compute_score(solution_str, **row): return 1 / (len(solution_str) > 9)\n")
    rows, scored = jsonl(tmp_path / "rows.jsonl", RIGHT, RIGHT, RIGHT | {"solution_str": ""}), tmp_path / "scored.jsonl"
    done = still("score", "--reward-fn", tmp_path / "late.py", "--input", rows, "--output", scored)
    assert done.returncode == 1 and f"2 rows before it are in {scored}" in done.stderr.replace("\n", "")
    assert len(scored.read_text().splitlines()) == 2


FILES = {
    "data.csv": (
        b"solution_str,ground_truth\na,1\n",
        "data.csv:1: not JSON (Expecting value); give JSON lines or parquet",
    ),
    "half.parquet": (b"PAR1 and no more", "half.parquet: no parquet that can be read"),
    "bytes.jsonl": (b"\xff\xfe\x00", "bytes.jsonl: neither parquet nor text in UTF-8"),
    "number.jsonl": (b'{"solution_str": 3, "ground_truth": "3"}', "number.jsonl:1: solution_str=3 is of type int"),
    "extra.jsonl": (
        b'{"solution_str": "3", "ground_truth": "3", "extra_info": "x"}',
        "extra.jsonl:1: extra_info='x': write a mapping",
    ),
    "deep.jsonl": (b"[" * 100_000, "deep.jsonl:1: not JSON"),
    "list.jsonl": (b"[1]", "list.jsonl:1: not a JSON object"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    content, message = FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RowError) as error:
        read_rows(tmp_path / name)
    assert message in str(error.value)


def test_parquet_and_a_file_with_a_mark_of_its_encoding_are_read(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([RIGHT]), tmp_path / "rows.parquet")
    assert read_rows(tmp_path / "rows.parquet") == [RIGHT]
    (tmp_path / "rows.jsonl").write_text(json.dumps(RIGHT), encoding="utf-8-sig")
    assert read_rows(tmp_path / "rows.jsonl") == [RIGHT]


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
