"""Which problems are drawn: by what is known of them, without those that rest or are asked already."""

from collections import Counter

import numpy as np
import pytest

from still_verl.config_errors import ConfigError
from still_verl.dynamics import curriculum
from still_verl.dynamics.beliefs import Beliefs
from still_verl.dynamics.curriculum import Draw
from still_verl.dynamics.settings import CurriculumConfig


def draw(problems: int, choose: str = "thompson", seed: int = 1, **settings: object) -> Draw:
    return Draw(CurriculumConfig(choose=choose, **settings), problems, seed)  # type: ignore[arg-type]


def test_evidence_fades_with_the_steps_that_pass() -> None:
    beliefs = Beliefs.of(2)
    beliefs.observe(0, right=4, samples=8, step=1, discount=0.5)
    beliefs.observe(0, right=8, samples=8, step=3, discount=0.5)
    assert beliefs.at(3, 0.5).right.tolist() == [9, 0] and beliefs.at(3, 0.5).wrong.tolist() == [1, 0]
    assert beliefs.at(4, 0.5).right.tolist() == [4.5, 0]
    assert beliefs.at(4, 1.0).rates[1] == 0.5, "the prior of a problem that nobody asked"


def test_thompson_comes_back_to_problems_of_the_target_rate() -> None:
    drawn: Counter[int] = Counter()
    source, chance = draw(300), np.random.default_rng(0)
    rates = np.where(np.arange(300) < 30, 0.5, 0.0)
    for step in range(1, 100):
        for problem in source.next(10, step):
            drawn[problem] += 1
            source.observe(problem, chance.binomial(8, rates[problem]), 8, step)
        source.learn(step)
    good = sum(drawn[problem] for problem in range(30))
    assert good > 0.5 * 99 * 10, "a tenth of the problems, and of uniform draws"
    assert len(drawn) > 200, "the others were tried"


def test_shuffled_are_epochs_in_another_order_each() -> None:
    source = draw(10, "shuffled", rest_at=None)
    epochs = []
    for step in range(6):
        epochs.append(source.next(5, step))
        source.forget_ranking()
    for first, second in zip(epochs[::2], epochs[1::2], strict=True):
        assert sorted(first + second) == list(range(10))
    assert epochs[0] + epochs[1] != epochs[2] + epochs[3]


def test_a_solved_problem_rests_for_its_steps_and_wakes_when_it_is_not_solved_any_more() -> None:
    source = draw(3, "shuffled", rest_steps=2)
    source.observe(0, 8, 8, step=5)
    assert [bool(source.beliefs.resting(step)[0]) for step in (5, 6, 7, 8)] == [True, True, True, False]
    source.observe(0, 0, 8, step=8)
    assert not source.beliefs.resting(9)[0]
    source.observe(1, 7.2, 8, step=5)
    assert source.beliefs.resting(6)[1], "exactly at the share"
    for_ever = draw(3, "shuffled")
    for_ever.observe(2, 8, 8, step=1)
    drawn = [problem for step in range(2, 12) for problem in for_ever.next(2, step)]
    assert set(drawn) == {0, 1}


def test_where_all_rest_those_come_back_that_rest_longest() -> None:
    source = draw(4)
    for problem in (2, 0, 3, 1):
        source.observe(problem, 8, 8, step=[3, 9, 1, 5][problem])
        source.forget_ranking()
    assert source.next(2, step=10) == [2, 0]


def test_no_problem_is_twice_in_a_step_unless_there_are_too_few() -> None:
    source = draw(8)
    found = source.next(5, 1) + []
    more = source.next(3, 1, busy=found)
    assert sorted(found + more) == list(range(8))
    assert len(source.next(20, 1, busy=range(8))) == 20


def test_the_same_state_draws_the_same() -> None:
    first, second = draw(50), draw(50)
    first.next(10, 1)
    second.random.bit_generator.state = first.random.bit_generator.state
    second.beliefs = first.beliefs
    first.forget_ranking()
    assert first.next(20, 2) == second.next(20, 2)
    assert draw(50, seed=1).next(50, 1) != draw(50, seed=2).next(50, 1)


@pytest.mark.parametrize("returned", [[1.0], [float("nan")] * 3, "no"])
def test_a_function_that_returns_something_else_is_named(monkeypatch: pytest.MonkeyPatch, returned: object) -> None:
    monkeypatch.setattr(curriculum, "own", lambda belief, settings, random: returned, raising=False)
    source = draw(3, "still_verl.dynamics.curriculum.own")
    with pytest.raises(ValueError, match="still.curriculum.choose=still_verl.dynamics.curriculum.own r"):
        source.next(1, 1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"choose": "thomson"}, "did you mean thompson"),
        ({"target": 1.0}, "still.curriculum.target=1.0"),
        ({"discount": 0.0}, "still.curriculum.discount=0.0"),
        ({"rest_at": float("nan")}, "still.curriculum.rest_at=nan"),
        ({"rest_steps": 0}, "still.curriculum.rest_steps=0"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        CurriculumConfig(**settings)  # type: ignore[arg-type]
