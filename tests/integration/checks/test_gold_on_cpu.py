"""The check of a job's right answers, before it starts."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from composed import composed

from still_verl import paths
from still_verl.config import still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.gold import check_gold_answers
from still_verl.rewards.gold_check import check_golds, self_fault

OURS = "still/reward=boxed"


def check(folder: Path, golds: list[Any], *overrides: str) -> None:
    path = folder / "data.parquet"
    rows = [{"prompt": [{"role": "user", "content": "1+1"}], "reward_model": {"ground_truth": gold}} for gold in golds]
    pq.write_table(pa.Table.from_pylist(rows), path)
    files = [f"data.train_files={path}", f"data.val_files=[{path}]"]
    config = composed(["+recipe=base"], [*files, *overrides])
    check_gold_answers(config, still_config(config))


def test_good_answers_pass_and_their_number_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(tmp_path, ["2", r"\frac{1}{2}", "2", "#### 4", r"so \boxed{5}"], OURS)
    assert "data.parquet: checked 4 different right answers of 5 rows" in capsys.readouterr().out


def test_alternatives_pass(tmp_path: Path) -> None:
    check(tmp_path, [["2", "two"], ["3"]], OURS)


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        (None, "row 1: ground_truth=None cannot be read"),
        ("", "row 1: ground_truth='' cannot be read: there is no answer in it; 1 of 2 different right answers"),
        ("nan", "cannot be read"),
        ("$$", "cannot be read"),
        (r"\frac{1}{2", "a box with it reads '': no answer"),
        ("9" * 5000, "too long"),
        (r"\left.\right.", "unreadable gold"),
        ("\boxed{2}", "a backslash was lost"),
        ("{" * 50 + "1" + "}" * 50, "nested too deeply"),
    ],
)
def test_an_answer_that_would_not_pay_for_itself_ends_the_job(tmp_path: Path, gold: Any, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check(tmp_path, ["2", gold], OURS)
    assert said in str(refused.value) and str(refused.value).startswith(f"data.train_files={tmp_path}/data.parquet: ")
    assert "\n" not in str(refused.value)


def test_it_is_asked_only_where_a_reward_of_ours_is_paid_by_it(tmp_path: Path) -> None:
    check(tmp_path, [None, "assert f(1) == 2"])  # a reward of the user's under a manager of verl's
    check(tmp_path, [None], OURS, "++still.reward.weights={actions: 1.0}")
    with pytest.raises(ConfigError, match="ground_truth=None"):
        check(tmp_path, [None, "2"], f"reward.custom_reward_function.path={paths.reward_fn('boxed_math')}")


def test_data_without_right_answers(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.Table.from_pylist([{"reward_model": {"style": "rule"}}]), path)
    config = composed(["+recipe=base"], [OURS, f"data.train_files={path}"])
    with pytest.raises(ConfigError, match="the column reward_model has no ground_truth"):
        check_gold_answers(config, still_config(config))


def test_other_files_are_left_out_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["data.train_files=s3://a/b.parquet", "data.val_files=c.json"]
    config = composed(["+recipe=base"], [OURS, *files])
    check_gold_answers(config, still_config(config))
    assert capsys.readouterr().out.count("were not checked") == 2


def test_each_different_answer_is_looked_at_once() -> None:
    found = check_golds(["1", "2", "1", None, "2", None, ""])
    assert (found.rows, found.checked, found.faulty, found.first_row) == (7, 4, 2, 3)
    assert check_golds(f"{number}" for number in range(50)).fault == ""


@pytest.mark.parametrize("gold", ["2", r"\{1, 2\}", "x < 1", ["2", "3"], {"answer": 2}, "no solution", "((9!)!)!", 0.5])
def test_answers_that_would_pay_for_themselves(gold: Any) -> None:
    assert self_fault(gold) == ""
