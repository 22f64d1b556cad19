import numpy as np

from still_verl.monitor.alarms import ConstantReward
from still_verl.monitor.rows import StepRows


def rows(scores: list[float], reason: str = "stop") -> StepRows:
    n = len(scores)
    return StepRows(["p"] * n, np.array(scores), ["12"] * n, [{}] * n, [{"finish_reason": reason}] * n, [[1]] * n)


def observe_all(alarm: ConstantReward, *steps: list[float]) -> list[bool]:
    return [alarm.observe(rows(scores)) for scores in steps]


def test_it_is_said_after_three_equal_steps_and_then_ever_more_seldom() -> None:
    due = observe_all(ConstantReward(), *[[0.0, 0.0]] * 24)
    assert [step for step, is_due in enumerate(due, 1) if is_due] == [3, 6, 12, 24]


def test_one_different_reward_starts_the_count_again() -> None:
    alarm = ConstantReward()
    assert observe_all(alarm, [0, 0], [0, 0], [0, 1], [0, 0], [0, 0]) == [False] * 5
    assert not alarm.active
    assert observe_all(alarm, [0, 0]) == [True] and alarm.active


def test_steps_that_are_constant_at_different_values_are_not_one_run() -> None:
    assert observe_all(ConstantReward(), [0, 0], [1, 1], [0, 0], [1, 1]) == [False] * 4


def test_the_text_shows_three_samples_with_what_was_extracted_and_where_to_look() -> None:
    alarm, step = ConstantReward(), rows([0.0] * 9, reason="length")
    for _ in range(3):
        alarm.observe(step)
    text = alarm.text(step, lambda ids: "so the answer is 7")
    assert text.startswith("ALARM constant reward: every response of the last 3 steps got 0, so nothing is learned")
    assert text.count("gold '12', answer '7' by answer_is") == 3
    assert "9 of 9 responses were cut at their limit" in text


def test_what_the_reward_itself_extracted_is_what_is_shown() -> None:
    n = 4
    info = {"pred": "", "extracted_by": "", "reason": "no answer"}
    step = StepRows(["p"] * n, np.zeros(n), ["12"] * n, [info] * n, [{}] * n, [[1]] * n)
    alarm = ConstantReward(patience=1)
    assert alarm.observe(step)
    text = alarm.text(step, lambda ids: "the answer is 12")
    assert "gold '12', answer '' by no method, no answer" in text
    assert "no answer was found in 3 of 3 samples" in text
