"""Presets: what they pay, and the keys that verl relies on."""

import pytest

from still_verl.rewards.compose import score
from still_verl.rewards.presets import Preset
from still_verl.rewards.registries import PRESETS

RIGHT = r"Wait, I verify.</think><answer>\boxed{\frac{1}{2}}</answer>"
WRONG = r"but</think><answer>\boxed{3}</answer>"
CUT = "Wait, I ver"


def pay(preset: str, response: str) -> float:
    return float(score(response, "0.5", PRESETS.find(preset), tokens=100, max_tokens=400)["score"])


@pytest.mark.parametrize(
    ("preset", "right", "wrong", "cut"),
    [
        ("boxed", 1.0, 0.0, 0.0),
        ("zero", 1.0, 0.0, 0.0),
        ("distill", 1.0, -1.0, -1.0),
        ("rrl", 1.25, -0.75, -0.75),
        ("rra", 1.1, -0.95, -0.95),
    ],
)
def test_what_a_preset_pays(preset: str, right: float, wrong: float, cut: float) -> None:
    assert [pay(preset, response) for response in (RIGHT, WRONG, CUT)] == pytest.approx([right, wrong, cut])


def test_zero_pays_nothing_for_the_format_or_the_answer_alone() -> None:
    alone = score(r"\boxed{0.5}", "0.5", PRESETS.find("zero"))
    assert (alone["score"], alone["acc"], alone["term_format"]) == (0.0, 1.0, 0.0)
    assert "format" in str(alone["reason"])
    formed = score(WRONG, "0.5", PRESETS.find("zero"))
    assert (formed["score"], formed["acc"], formed["term_format"]) == (0.0, 0.0, 1.0)


def test_zero_takes_a_bare_answer_tag() -> None:
    assert score("a</think><answer> 12 </answer>", "12", PRESETS.find("zero"))["score"] == 1.0


@pytest.mark.parametrize("preset", PRESETS)
def test_all_samples_have_the_same_keys_and_plain_values(preset: str) -> None:
    rows = [
        score(text, gold, PRESETS.find(preset), 10, 100)
        for text in (RIGHT, WRONG, CUT, "", r"\boxed{9^{9^{9^9}}}", r"\boxed{" + "7" * 9000 + "}")
        for gold in ("0.5", "")
    ]
    assert len({tuple(row) for row in rows}) == 1
    assert "reward" not in rows[0]
    assert {type(value) for row in rows for value in row.values()} <= {float, str}


def test_every_row_says_how_generously_it_was_read() -> None:
    assert score(RIGHT, "0.5", PRESETS.find("boxed"))["verifier"] == "strict"
    assert score(RIGHT, "0.5", Preset({"correct": 1.0}, verifier="lenient"))["verifier"] == "lenient"
    with pytest.raises(ValueError, match="still.reward.verifier='lax': use one of strict, lenient"):
        Preset({"correct": 1.0}, verifier="lax")  # type: ignore[arg-type]


def test_an_empty_gold_pays_nothing_and_says_so() -> None:
    row = score(r"\boxed{5}", "", PRESETS.find("boxed"))
    assert (row["score"], row["reason"]) == (0.0, "unreadable gold")


def test_mistakes_of_the_caller_are_errors() -> None:
    with pytest.raises(ValueError, match="corect"):
        Preset({"corect": 1.0})
    with pytest.raises(ValueError, match="tokens"):
        score(RIGHT, "0.5", PRESETS.find("rrl"))
    with pytest.raises(ValueError, match="still/rollout=code"):
        score(RIGHT, "0.5", Preset({"tools": 0.1}))


@pytest.mark.parametrize(("ground_truth", "acc"), [(["3", "1/2"], 1.0), (("7", "8"), 0.0), ([], 0.0), (0.5, 1.0)])
def test_a_ground_truth_may_be_several_answers_or_a_number(ground_truth: object, acc: float) -> None:
    assert score(RIGHT, ground_truth, PRESETS.find("boxed"))["acc"] == acc


def test_a_response_that_ends_exactly_at_the_limit_is_finished_when_somebody_saw_it_end() -> None:
    finished = Preset({"finished": 1.0})
    assert score("a", "1", finished, 10, 10)["score"] == 0.0
    assert score("a", "1", finished, 10, 10, finished=True)["score"] == 1.0
    assert score("a", "1", finished, 9, 10, finished=False)["score"] == 0.0
