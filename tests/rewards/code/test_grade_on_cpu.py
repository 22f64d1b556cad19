"""The reward by tests as a whole: rows, limits, order, cache, and what is no fault of a program."""

import json
import random
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.config_errors import ConfigError
from still_verl.interpreter.sandbox.base import SandboxUnavailable
from still_verl.rewards.code import grade as grade_module
from still_verl.rewards.code.grade import grade
from still_verl.rewards.code.settings import CodeConfig
from still_verl.rewards.compose import score, unscored
from still_verl.rewards.gold_faults import fault_of
from still_verl.rewards.presets import CODE
from still_verl.rewards.settings import RewardConfig

TESTS = {"inputs": [str(n) for n in range(8)], "outputs": [str(2 * n) for n in range(8)]}
RIGHT = "```python\nprint(2 * int(input()))\n```"
HALF = "```python\nn = int(input())\nprint(2 * n if n < 4 else 0)\n```"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    grade_module._cache.clear()


@pytest.fixture
def runs(processes: list[bytes]) -> list[bytes]:
    """What each process gets to read, once the sandbox has started."""
    grade(RIGHT, {"inputs": ["1"], "outputs": ["2"]})
    processes.clear()
    return processes


def given_to(runs: list[bytes]) -> list[str]:
    """The tests that were run, sorted; how many share a process depends on how long the first one took."""
    return sorted(re.findall(r"\d", b" ".join(runs).decode()))


def test_a_row_has_the_same_keys_whatever_happens() -> None:
    rows = [score(RIGHT, TESTS, CODE), score(HALF, TESTS, CODE), score("no", TESTS, CODE), score(RIGHT, {}, CODE)]
    assert [row["score"] for row in rows] == [row["acc"] for row in rows] == [1.0, 0.0, 0.0, 0.0]
    assert [row["reason"] for row in rows][:2] == ["passed", "wrong output"] and rows[3]["reason"] == "unreadable tests"
    assert [row["unreadable_gold"] for row in rows] == [0.0, 0.0, 0.0, 1.0]
    assert rows[0]["pred"] == "print(2 * int(input()))\n" and rows[0]["term_tests"] == 1.0
    assert all(list(row) == list(unscored(CODE)) for row in rows)


def test_binary_stops_at_the_first_failure_and_a_fraction_does_not(runs: list[bytes]) -> None:
    assert grade("```python\nprint(-1)\n```", TESTS).score == 0.0 and len(runs) == 1
    runs.clear()
    found = grade(HALF, TESTS, CodeConfig(fraction=True))
    assert (found.score, found.passed, found.reason, len(runs)) == (0.5, False, "wrong output", 8)


def test_a_program_is_run_once_with_the_same_tests(runs: list[bytes]) -> None:
    for _ in range(3):
        assert grade(RIGHT, TESTS).score == 1.0
    assert given_to(runs) == list("01234567")
    before = len(runs)
    assert grade(RIGHT, {**TESTS, "outputs": ["0"] * 8}).score == 0.0 and len(runs) > before
    before = len(runs)
    assert grade(RIGHT, TESTS, CodeConfig(tolerance=1e-3)).score == 1.0
    assert given_to(runs[before:]) == list("01234567")


def test_the_order_is_random_and_the_same_again(runs: list[bytes]) -> None:
    orders = []
    for comment in ("", "# other", ""):
        grade_module._cache.clear()
        runs.clear()
        grade(RIGHT.replace("\n```", f"{comment}\n```"), TESTS)
        orders.append(re.findall(rb"\d", b" ".join(runs)))
    assert orders[0] == orders[2] != orders[1] and sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != sorted(orders[0])


def test_each_program_meets_tests_that_it_cannot_foresee(runs: list[bytes]) -> None:
    some = CodeConfig(most=2)
    assert grade(RIGHT, TESTS, some).score == 1.0 and len(runs) == 2
    paid = 0.0
    for number in range(12):  # programs that know three outputs of eight
        paid += grade(f"```python\nprint({{'0': 0, '1': 2, '2': 4}}.get(input()))\n# {number}\n```", TESTS, some).score
    assert paid <= 6


def test_limits_of_a_test_and_of_an_answer() -> None:
    slow = "```python\nimport time\ntime.sleep(0.4)\nprint(2 * int(input()))\n```"
    assert grade(slow, TESTS, CodeConfig(seconds=0.2)).reason == "timeout: stopped after 0.2 seconds"
    started = time.monotonic()
    found = grade(slow, TESTS, CodeConfig(seconds_per_answer=1.0))
    assert found.score == 0.0 and found.reason.startswith(("timeout", "out of time"))
    assert time.monotonic() - started < 10
    assert grade("```python\nx = bytearray(600 << 20)\n```", TESTS, CodeConfig(memory_mb=256)).reason.endswith(
        "MemoryError"
    )


def test_without_a_sandbox_nobody_is_paid_and_nobody_is_blamed() -> None:
    with pytest.raises(SandboxUnavailable, match="need sandbox=local"):
        grade("```python\ndef f(): pass\n```", ["assert f()"], CodeConfig(sandbox="fusion", url="http://localhost:1"))
    with pytest.raises(SandboxUnavailable):
        grade(RIGHT, TESTS, CodeConfig(sandbox="fusion", url="http://localhost:1", seconds=1))
    with pytest.raises(SandboxUnavailable, match="memory_mb=16"):
        score(RIGHT, TESTS, replace(CODE, tests=CodeConfig(memory_mb=16)))
    with pytest.raises(ConfigError, match="still.interpreter.sandbox"):
        grade(RIGHT, TESTS, CodeConfig(sandbox="locale"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"seconds": 0}, "still.reward.tests.seconds=0: use a number above 0"),
        ({"most": -1}, "still.reward.tests.most=-1"),
        ({"tolerance": 1.0}, "still.reward.tests.tolerance=1.0"),
        ({"comparison": "line"}, "still.reward.tests.comparison='line': .* did you mean lines"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        CodeConfig(**settings)


def test_the_settings_of_a_job_reach_the_term() -> None:
    preset = RewardConfig(preset="code", tests=CodeConfig(fraction=True)).build()
    assert score(HALF, TESTS, preset)["score"] == 0.5 and score(HALF, TESTS, preset)["acc"] == 0.0


def test_tests_are_checked_before_anybody_is_paid_by_them() -> None:
    fault = fault_of(CODE)
    assert fault is not None
    assert fault(TESTS) == "" and fault("x") != "" and "there is no test" in fault({"inputs": [], "outputs": []})


def test_the_command_line_scores_with_the_file(tmp_path: Path) -> None:
    rows = [{"solution_str": RIGHT, "ground_truth": json.dumps(TESTS)}, {"solution_str": HALF, "ground_truth": TESTS}]
    given, scored = tmp_path / "rows.jsonl", tmp_path / "scored.jsonl"
    given.write_text("\n".join(map(json.dumps, rows)))
    command = ["score", "--reward-fn", "code", "--input", str(given), "--output", str(scored)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert [json.loads(line)["score"] for line in scored.read_text().splitlines()] == [1.0, 0.0]
    assert CliRunner().invoke(app, [*command, "--kwarg", "fraction=true"]).exit_code == 0
    assert [json.loads(line)["score"] for line in scored.read_text().splitlines()] == [1.0, 0.5]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_twenty_thousand_answers_at_once() -> None:
    """Of each ten one is hostile, and each has other outputs: none is lost, wrong, or given to another."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
    from code_hostile import attacks

    hostile = [attack.code for attack in attacks() if attack.form == "program" and attack.family != "time and memory"]
    choice = random.Random(0)

    def fault(number: int) -> str:
        tests = {"inputs": ["1", "2", "3"], "outputs": [str(n * 1000 + number) for n in (1, 2, 3)]}
        code, wanted = f"print(int(input()) * 1000 + {number})", 1.0
        if number % 10 == 0:
            code, wanted = f"{choice.choice(hostile)}\n# {number}", 0.0
        elif number % 10 == 5:
            code, wanted = f"print(int(input()) * 1000 + {number + 1})", 0.0
        found = grade(f"```python\n{code}\n```", tests)
        return "" if found.score == wanted else f"{number}: {found.score}, {found.reason}"

    with ThreadPoolExecutor(64) as threads:
        assert [said for said in threads.map(fault, range(20_000)) if said] == []
