"""Additions: verl's schema, and training never sees a validation problem."""

import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from still_verl.demo.tasks import draw_problem, held_out, write_addition


def _rows(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


def _operands(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(sorted(map(int, row["extra_info"]["question"].removesuffix("=?").split("+"))))


def test_rows_have_verls_schema(tmp_path: Path) -> None:
    train, val = write_addition(tmp_path / "data", train=20, val=10, seed=3)
    assert (train.name, val.name) == ("train.parquet", "val.parquet")
    for path, split in ((train, "train"), (val, "val")):
        for index, row in enumerate(_rows(path)):
            question = row["extra_info"]["question"]
            assert row == {
                "data_source": "demo/addition",
                "prompt": [{"role": "user", "content": question}],
                "ability": "math",
                "reward_model": {"style": "rule", "ground_truth": str(sum(_operands(row)))},
                "extra_info": {"index": index, "split": split, "question": question},
            }


def test_validation_has_128_problems_unless_told_otherwise(tmp_path: Path) -> None:
    assert len(_rows(write_addition(tmp_path, train=4)[1])) == 128


def test_splits_are_disjoint_whatever_the_seeds_and_the_order_of_the_terms(tmp_path: Path) -> None:
    train = {_operands(row) for row in _rows(write_addition(tmp_path / "a", train=3000, val=1, seed=0)[0])}
    val = {_operands(row) for row in _rows(write_addition(tmp_path / "b", train=1, val=500, seed=1)[1])}
    assert not train & val


def test_no_question_comes_twice_in_a_split(tmp_path: Path) -> None:
    questions = [row["extra_info"]["question"] for row in _rows(write_addition(tmp_path, train=2000, val=1)[0])]
    assert len(set(questions)) == 2000


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second, other = (
        write_addition(tmp_path / name, train=30, val=5, seed=seed)[0].read_bytes()
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == second != other


def test_problems_have_two_or_three_digits_and_a_tenth_is_held_out() -> None:
    rng = random.Random(0)
    pairs = [(rng.randrange(10, 1000), rng.randrange(10, 1000)) for _ in range(5000)]
    assert 0.08 < sum(held_out(a, b) for a, b in pairs) / len(pairs) < 0.12
    assert all(held_out(a, b) == held_out(b, a) for a, b in pairs)
    assert {len(str(number)) for _ in range(50) for number in draw_problem(rng)} == {2, 3}
