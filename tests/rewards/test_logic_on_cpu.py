"""Puzzles of reasoning-gym: only a whole solution of an allowed set is paid."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from still_verl.config_errors import ConfigError
from still_verl.rewards.compose import score
from still_verl.rewards.gold_faults import fault_of
from still_verl.rewards.logic import SETS, is_solved, read_puzzle, rows
from still_verl.rewards.presets import LOGIC

AUDIT = Path(__file__).resolve().parents[2] / "benchmarks" / "audit_reasoning_gym.py"


def puzzle(name: str = "gcd") -> Any:
    (row,) = rows(name, 1, seed=3)
    return row["reward_model"]["ground_truth"]


def test_a_right_answer_in_a_tag_or_a_box_is_paid_and_no_other() -> None:
    gold = puzzle()
    answer = json.loads(gold)["answer"]
    for response in (f"<answer>{answer}</answer>", rf"<think>1</think> so \boxed{{{answer}}}"):
        row = score(response, gold, LOGIC)
        assert (row["score"], row["acc"], row["reason"], row["unreadable_gold"]) == (1.0, 1.0, "logic=1", 0.0)
    for response in ("", "1", answer, f"<answer>{answer} or 7</answer>", f"<answer>{'9' * 20_000}</answer>"):
        assert score(response, gold, LOGIC)["score"] == 0.0


def test_rows_are_of_verls_format_and_pass_the_check_of_right_answers() -> None:
    check = fault_of(LOGIC)
    assert check is not None
    for row in rows("zebra_puzzles", 3, seed=1):
        assert row["data_source"] == "reasoning_gym/zebra_puzzles"
        assert row["prompt"][0]["content"].endswith("between <answer> and </answer>.")
        assert check(row["reward_model"]["ground_truth"]) == ""


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        ("12", "give dataset, answer and metadata"),
        ("not json", "is no JSON"),
        (None, "give dataset"),
        (
            json.dumps({"dataset": "countdown", "answer": "1", "metadata": {}}),
            "dataset='countdown': not one of the sets",
        ),
        (json.dumps({"dataset": "gdc", "answer": "1", "metadata": {}}), "did you mean gcd?"),
        (json.dumps({"dataset": "gcd", "answer": "", "metadata": {}}), "its own answer '' is not right"),
    ],
)
def test_a_row_that_cannot_be_judged(gold: Any, said: str) -> None:
    check = fault_of(LOGIC)
    assert check is not None
    assert said in check(gold)


def test_a_row_that_cannot_be_judged_pays_nothing_and_is_counted() -> None:
    row = score("<answer>1</answer>", "12", LOGIC)
    assert (row["score"], row["acc"], row["reason"], row["unreadable_gold"]) == (0.0, 0.0, "unreadable gold", 1.0)


def test_an_answer_that_a_set_cannot_read_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    from still_verl.rewards import logic

    class Raises:
        def score_answer(self, answer: str, entry: Any) -> float:
            raise ValueError(answer)

    monkeypatch.setattr(logic, "_judge", lambda name: Raises())
    assert score("<answer>1</answer>", puzzle(), LOGIC)["score"] == 0.0
    with pytest.raises(ValueError):
        is_solved(read_puzzle(puzzle()), "1")


def test_without_reasoning_gym_the_fix_is_named_and_nothing_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    from still_verl.rewards import logic

    gold = puzzle()
    logic._known.cache_clear()
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    with pytest.raises(ConfigError, match="reasoning-gym is not installed: pip install reasoning-gym=="):
        score("<answer>1</answer>", gold, LOGIC)
    with pytest.raises(ConfigError, match="pip install"):
        list(rows("gcd", 1, seed=1))
    check = fault_of(LOGIC)
    assert check is not None and "pip install reasoning-gym" in check(gold)


@pytest.mark.process
def test_each_allowed_set_passes_the_audit() -> None:
    """Its own answer is paid; junk, the question, an answer among others and hostile texts are not."""
    done = subprocess.run([sys.executable, AUDIT, *SETS], capture_output=True, text=True, timeout=500)
    failed = [line for line in done.stdout.splitlines() if not line.endswith(" safe")]
    assert done.returncode == 0, (failed, done.stderr[-2000:])


@pytest.mark.process
def test_the_audit_finds_what_is_not_safe() -> None:
    names = ["power_function", "countdown", "coin_flip"]
    done = subprocess.run([sys.executable, AUDIT, *names], capture_output=True, text=True, timeout=300)
    assert "0 of 3 are safe" in done.stdout and done.returncode == 0, "none of them is allowed"
    assert "pays for junk" in done.stdout and "evaluates text" in done.stdout
