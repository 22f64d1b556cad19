"""The three skills of the tiny model: what is right is paid, mistakes are planted, validation is never read before."""

import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.demo import tasks
from still_verl.demo.prepare import prepare
from still_verl.demo.skills import programs, sisters
from still_verl.demo.skills.mixture import SKILLS, draw_example, write_skills
from still_verl.demo.skills.skill import Skill, draw
from still_verl.demo.tasks import write_rows
from still_verl.demo.tokenizer import character_tokenizer
from still_verl.rewards.compose import score
from still_verl.rewards.presets import BOXED, CODE, LOGIC, Preset

PAID_BY = {"demo/addition": BOXED, "demo/programs": CODE, "reasoning_gym/aiw": LOGIC}


@pytest.fixture
def without_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    from still_verl.demo import traces

    for module, name in ((traces, "MISTAKES"), (programs, "MISTAKES"), (sisters, "FORGETS")):
        monkeypatch.setattr(module, name, 0.0)


def paid(skill: Skill, rng: random.Random, preset: Preset) -> float:
    problem = draw(skill, rng)
    return float(str(score(skill.respond(problem, rng), problem.ground_truth, preset)["acc"]))


@pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.source)
def test_a_response_without_mistakes_is_paid(skill: Skill, without_mistakes: None) -> None:
    rng = random.Random(1)
    assert all(paid(skill, rng, PAID_BY[skill.source]) == 1.0 for _ in range(20))


@pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.source)
def test_most_responses_that_the_model_reads_are_wrong(skill: Skill) -> None:
    rng = random.Random(2)
    right = sum(paid(skill, rng, PAID_BY[skill.source]) for _ in range(60)) / 60
    assert 0.15 < right < 0.7


@pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.source)
def test_problems_of_validation_and_of_training_are_disjoint(skill: Skill) -> None:
    rng = random.Random(3)
    sides = [{draw(skill, rng, validation).key for _ in range(150)} for validation in (False, True)]
    assert not sides[0] & sides[1] and min(map(len, sides)) > 50


def test_sums_are_held_out_as_for_the_model_with_which_this_one_begins() -> None:
    rng = random.Random(4)
    for validation in (False, True):
        a, b = draw(SKILLS[0], rng, validation).facts
        assert tasks.held_out(a, b) == validation


def test_an_expression_means_the_same_in_words_and_in_python() -> None:
    rng = random.Random(5)
    for _ in range(200):
        expression = programs.Programs().draw(rng).facts
        x, y = rng.randrange(-99, 99), rng.randrange(-99, 99)
        assert eval(expression.python(), {"x": x, "y": y}) == programs.value(expression, x, y)
    written = programs.Expression("the larger of", ("plus", 7), ("times", 3))
    assert written.words() == "the larger of x plus 7 and y times 3" and written.python() == "max(x + 7, y * 3)"


def test_the_data_are_rows_of_three_sources_in_turn(tmp_path: Path) -> None:
    train, val = write_skills(tmp_path, train=12, val=6)
    rows: list[dict[str, Any]] = pq.read_table(train).to_pylist()
    assert len(rows) == 36 and pq.read_table(val).num_rows == 18
    assert [row["data_source"] for row in rows[:3]] == list(PAID_BY)
    tokens = partial(character_tokenizer().encode, add_special_tokens=False)
    assert max(len(tokens(row["prompt"][0]["content"])) for row in rows) < 310, "max_prompt_length of the recipe"


def test_examples_of_pre_training_are_of_every_skill() -> None:
    rng = random.Random(6)
    starts = {draw_example(rng)[1][:4] for _ in range(60)}
    assert starts == {"<thi", "```p", "<ans"}


def test_without_the_puzzles_the_command_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    done = CliRunner().invoke(app, ["demo-model", "skills"])
    assert done.exit_code == 1 and done.stderr.startswith("still-verl: reasoning-gym is not installed: pip install")


@pytest.mark.process
def test_the_shipped_model_has_each_skill_and_seldom_uses_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: Callable[..., Any]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = prepare("skills")
    problems: dict[str, list[dict[str, Any]]] = {source: [] for source in PAID_BY}
    for row in pq.read_table(built.val).slice(0, 144).to_pylist():
        problems[row["data_source"]].append(row)
    for source, rows in problems.items():
        file = write_rows(tmp_path / "some.parquet", rows)
        texts = answer(built.model, file, temperature=1.0).texts
        golds = [row["reward_model"]["ground_truth"] for row in rows]
        right = [score(text, gold, PAID_BY[source])["acc"] for text, gold in zip(texts, golds, strict=True)]
        share = sum(map(float, map(str, right))) / len(right)
        assert 0.08 < share < 0.65, (source, share)
