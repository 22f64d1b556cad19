"""The reward of a job, tried on its data before Ray starts."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from composed import composed
from omegaconf import DictConfig

from still_verl import paths
from still_verl.config import still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.gold import check_gold_answers
from still_verl.integration.checks.reward import check_reward_function, check_reward_terms
from still_verl.integration.checks.trial import check_reward_of_rows

REWARDS = """
import asyncio, time

def raises_when_empty(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    return float(solution_str.split()[-1] == ground_truth)

def raises_when_right(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    if ground_truth in solution_str:
        raise KeyError("tests\\nof the row")
    return 0.0

def returns_nothing(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    return None

def returns_nan(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    return {"score": float("nan")}

def no_score(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    return {"acc": 1.0}

def hangs(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    time.sleep(60)

def leaves(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    raise SystemExit("no licence")

def slow(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    time.sleep(0.01)
    return 0.0

async def good(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    await asyncio.sleep(0)
    return {"score": float(solution_str == f"#### {ground_truth}"), "length": len(solution_str)}
"""


def row(source: str, gold: Any = "2") -> dict[str, Any]:
    return {
        "data_source": source,
        "prompt": [{"role": "user", "content": "1+1"}],
        "reward_model": {"ground_truth": gold},
        "extra_info": {"index": 0},
    }


def job(folder: Path, rows: list[dict[str, Any]], *overrides: str, kind: str = "parquet") -> DictConfig:
    path = folder / f"data.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=300)
    else:
        path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    (folder / "rewards.py").write_text(REWARDS)
    return composed(["+recipe=base"], [f"data.train_files={path}", f"data.val_files={path}", *overrides])


def check(config: DictConfig) -> None:
    check_reward_of_rows(config, still_config(config))


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_source_that_verl_has_no_reward_for_wherever_it_stands(tmp_path: Path, kind: str) -> None:
    rows = [row("openai/gsm8k")] * 700 + [row("my_own")] + [row("openai/gsm8k")] * 50
    with pytest.raises(ConfigError) as error:
        check(job(tmp_path, rows, kind=kind))
    said = str(error.value)
    assert said.startswith(f"data.train_files={tmp_path}/data.{kind}: row 700 (data_source='my_own'): the reward fails")
    assert "Reward function is not implemented for data_source='my_own'; set still/reward=boxed, routes in" in said
    assert "\n" not in said


def test_each_source_is_tried_once_and_what_it_pays_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(job(tmp_path, [row("openai/gsm8k"), row("math_dapo"), row("openai/gsm8k")]))
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("still_verl")]
    assert [line.partition("data.parquet: ")[2] for line in said] == [
        "row 0 (data_source='openai/gsm8k'): the right answer gets 1, an empty one 0",
        "row 1 (data_source='math_dapo'): the right answer gets 1, an empty one -1",
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raises_when_empty", "the reward fails for an empty answer: IndexError: list index out of range; correct"),
        ("raises_when_right", "the reward fails for the answer '\\\\boxed{2}': KeyError: 'tests\\nof the row'"),
        ("returns_nothing", "it returned None, which is no finite number"),
        ("returns_nan", "it returned nan, which is no finite number"),
        ("no_score", "it returned ['acc'], without `score`"),
        ("leaves", "the reward fails for an empty answer: SystemExit: no licence; correct"),
        ("hangs", "an empty answer had not returned after 0.2 s; correct it, or raise still.guard.try_seconds"),
    ],
)
def test_a_reward_that_would_fail_in_training(tmp_path: Path, name: str, said: str) -> None:
    own = [f"reward.custom_reward_function.path={tmp_path}/rewards.py", f"reward.custom_reward_function.name={name}"]
    with pytest.raises(ConfigError) as error:
        check(job(tmp_path, [row("mine")], *own, "still.guard.try_seconds=0.2"))
    assert said in str(error.value) and "row 0 (data_source='mine')" in str(error.value)
    assert "\n" not in str(error.value)
    check(job(tmp_path, [row("mine")], *own, "still.guard.try_seconds=0"))


def test_an_asynchronous_reward_and_another_form_of_the_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [f"reward.custom_reward_function.path={tmp_path}/rewards.py", "reward.custom_reward_function.name=good"]
    check(job(tmp_path, [row("mine", gold=["2", "two"])], *own))
    assert "the usual forms gets more" in capsys.readouterr().out
    check(job(tmp_path, [row("mine")], *own))
    assert "the right answer gets 1, an empty one 0" in capsys.readouterr().out


@pytest.mark.parametrize("preset", ["boxed", "zero", "distill", "rrl", "rra", "overlong"])
def test_our_rewards_pay_a_right_answer(tmp_path: Path, preset: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(job(tmp_path, [row("any")], f"still/reward={preset}", "data.max_response_length=5000"))
    assert "the right answer gets" in capsys.readouterr().out


def test_data_without_the_column_that_verls_managers_read(tmp_path: Path) -> None:
    rows = [{key: value for key, value in row("x").items() if key != "data_source"}]
    with pytest.raises(ConfigError, match=r"row 0 \(data_source='None'\): the reward fails for an empty answer"):
        check(job(tmp_path, rows))
    config = job(tmp_path, rows, "reward.reward_manager.name=still", ROUTES)
    with pytest.raises(ConfigError, match=r"data_source '' \(1 rows, first 0\): none of still.reward.routes"):
        check_gold_answers(config, still_config(config))


def test_what_cannot_be_tried_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = ["reward.reward_model.enable=true", f"reward.custom_reward_function.path={tmp_path}/rewards.py"]
    check(job(tmp_path, [row("mine")], *model))
    check(job(tmp_path, [row("mine")], "reward.reward_manager.source=importlib", "reward.reward_manager.name=Mine"))
    assert "reward.reward_manager.name=Mine: its reward is not tried" in capsys.readouterr().out


def test_a_reward_model_without_a_function_is_refused(tmp_path: Path) -> None:
    config = job(tmp_path, [row("mine")], "reward.reward_model.enable=true", "still/reward=boxed")
    with pytest.raises(ConfigError, match="^reward.reward_model.enable=true: without reward.custom_reward_function.p"):
        check_reward_function(config)


ROUTES = "still.reward.routes=[{source: gsm*, reward: boxed}, {source: r1, reward: zero, weight: 0.5}]"
DROP_IN = [
    f"reward.custom_reward_function.path={paths.reward_fn('mixed')}",
    ROUTES.replace("still.reward.routes", "+reward.custom_reward_function.reward_kwargs.routes"),
]
JOBS = [["reward.reward_manager.name=still", ROUTES], DROP_IN]


@pytest.mark.parametrize("overrides", JOBS, ids=["plugin", "drop-in"])
@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_data_set_that_fits_its_routes(
    tmp_path: Path, overrides: list[str], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = job(tmp_path, [row("gsm8k"), row("gsm-hard", "3"), row("r1")], *overrides, kind=kind)
    check_gold_answers(config, still_config(config))
    check(config)
    said = capsys.readouterr().out
    assert "gsm by boxed: 2 rows" in said and "r1 by zero: 1 rows" in said
    assert "row 2 (data_source='r1'): the right answer gets 0.5, an empty one 0" in said


@pytest.mark.parametrize("overrides", JOBS, ids=["plugin", "drop-in"])
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [row("gsm8k"), row("r1"), row("code"), row("logic"), row("code")],
            "data_source 'code' (2 rows, first 2), 'logic' (1 rows, first 3): none of still.reward.routes matches it",
        ),
        (
            [row("gsm8k")],
            "still.reward.routes has r1, and no row of the data has such a data_source (gsm8k): drop the route",
        ),
        (
            [row("gsm8k"), row("r1"), row("r1", "$$"), row("r1", "")],
            "the route r1: row 2: ground_truth='$$' cannot be read: there is no answer in it; 2 of 3 differ",
        ),
    ],
)
def test_a_data_set_that_does_not(tmp_path: Path, rows: list[dict[str, Any]], said: str, overrides: list[str]) -> None:
    config = job(tmp_path, rows, *overrides)
    with pytest.raises(ConfigError) as error:
        check_gold_answers(config, still_config(config))
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(("divides", "said"), [("true", True), ("false", False)])
def test_weights_that_change_nothing_are_told(
    tmp_path: Path, divides: str, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    grpo = ["algorithm.adv_estimator=grpo", f"algorithm.norm_adv_by_std_in_grpo={divides}"]
    config = job(tmp_path, [row("gsm8k")], "reward.reward_manager.name=still", ROUTES, *grpo)
    check_reward_terms(config, still_config(config))
    assert ("grpo divides by the spread of each group" in capsys.readouterr().out) is said


@pytest.mark.parametrize(
    ("weights", "refused"),
    [
        ("{instructions: 1.0}", True),
        ("{instructions: 1.0, length: 0.1}", True),
        ("{instructions: 1.0, correct: 1.0}", False),
    ],
)
def test_instructions_are_paid_only_beside_what_is_said(tmp_path: Path, weights: str, refused: bool) -> None:
    config = job(tmp_path, [row("x")], "still/reward=boxed", f"++still.reward.weights={weights}")
    if not refused:
        check_reward_terms(config, still_config(config))
        return
    with pytest.raises(
        ConfigError, match="^still.reward.weights has instructions and no term that judges what is said"
    ):
        check_reward_terms(config, still_config(config))


def test_a_name_for_each_row_does_not_take_for_ever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = [f"reward.custom_reward_function.path={tmp_path}/rewards.py", "reward.custom_reward_function.name=slow"]
    rows = [row(f"source{number}") for number in range(500)]
    check(job(tmp_path, rows, *own, "still.guard.try_seconds=0.5"))
    said = capsys.readouterr().out
    assert "sources of data were tried in 1 s, and no more" in said and said.count("an empty") <= 20


THREE = (
    "still.reward.routes=[{source: sums, reward: boxed}, {source: apps, reward: code}, "
    "{source: reasoning_gym/*, reward: logic}]"
)


def three_domains(tests: dict[str, Any]) -> list[dict[str, Any]]:
    from still_verl.rewards.logic import rows

    (puzzle,) = rows("gcd", 1, seed=1)
    return [row("sums", "4"), row("apps", json.dumps(tests)), puzzle | {"extra_info": {"index": 0}}]


def test_arithmetic_code_and_logic_in_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = three_domains({"inputs": ["3\n"], "outputs": ["6\n"]})
    config = job(tmp_path, rows, "reward.reward_manager.name=still", THREE)
    check_reward_terms(config, still_config(config))
    check_gold_answers(config, still_config(config))
    check(config)
    said = capsys.readouterr().out
    assert "apps by code: 1 rows" in said and "reasoning_gym by logic: 1 rows" in said
    assert said.count("the right answer gets 1, an empty one 0") == 2
    assert "(data_source='apps'): an empty answer gets 0, and the right answer in none of the usual forms" in said


@pytest.mark.parametrize("tests", [{"inputs": [], "outputs": []}, {"inputs": ["1"], "outputs": []}, {}])
def test_empty_tests_in_one_of_three_domains(tmp_path: Path, tests: dict[str, Any]) -> None:
    config = job(tmp_path, three_domains(tests), "reward.reward_manager.name=still", THREE)
    with pytest.raises(ConfigError, match="data.parquet: the route apps: row 1: ") as error:
        check_gold_answers(config, still_config(config))
    assert "\n" not in str(error.value)
