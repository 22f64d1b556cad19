"""The right answers of data in every form, and what cannot be read."""

from collections import deque
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from still_verl.rewards.compose import score
from still_verl.rewards.equivalence.verify import verify
from still_verl.rewards.gold import UnreadableGold, read_gold
from still_verl.rewards.presets import BOXED

GSM8K = "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nShe sold 48+24 = <<48+24=72>>72 clips.\n#### 72"
MATH = r"We have $x = \frac{4}{2} = \boxed{3}$? No: $x = \boxed{2}$. \qed"


@pytest.mark.parametrize(
    ("ground_truth", "alternatives"),
    [
        ("1/2", ("1/2",)),
        (" 7\n", ("7",)),
        (0.5, ("0.5",)),
        (72.0, ("72",)),  # as a decimal it would ask for a place
        (-3.0, ("-3",)),
        (1e300, ("1e+300",)),
        (float("inf"), ("inf",)),
        (7, ("7",)),
        (True, ("True",)),
        (Fraction(1, 2), ("1/2",)),
        (Decimal("1.50"), ("1.50",)),
        (b"12", ("12",)),
        (bytearray(b"12"), ("12",)),
        (memoryview(b"12"), ("12",)),
        (np.float32(0.1), ("0.1",)),
        (np.float64(2.0), ("2",)),
        (np.int64(7), ("7",)),
        (np.str_("x"), ("x",)),
        (np.array("12"), ("12",)),
        (np.array(12), ("12",)),
        (np.array(0.5), ("0.5",)),
        (np.array(["3", "1/2"]), ("3", "1/2")),
        (np.array(["3", "1/2"], dtype=object), ("3", "1/2")),
        (np.array([3, 4]), ("3", "4")),
        (["3", "1/2"], ("3", "1/2")),
        (("3", 4, b"5"), ("3", "4", "5")),
        ({"b", "a"}, ("a", "b")),
        (deque(["3", 4]), ("3", "4")),
        (OmegaConf.create(["3", "4"]), ("3", "4")),
        (OmegaConf.create({"answer": "3"}), ("3",)),
        (["3", "3"], ("3",)),
        ({"answer": "72"}, ("72",)),
        ({"target": 72, "level": "easy"}, ("72",)),
        ({"ground_truth": ["72", "72.0"]}, ("72", "72.0")),
        ({"answer": "72", "target": 72}, ("72",)),
        ("{'answer': '72'}", ("72",)),
        ('{"answer": "\\\\frac{1}{2}"}', (r"\frac{1}{2}",)),
        ("b'72'", ("72",)),
        ("['C']", ("C",)),
        ('["3", "three"]', ("3", "three")),
        ("#### 72", ("72",)),
        ("#### 1,200\n", ("1,200",)),
        (GSM8K, ("72",)),
        (MATH, ("2",)),
        (r"\boxed{72}", ("72",)),
        (r"-\boxed{72}", ("-72",)),
        (r"\boxed{2} and \boxed{-2}", ("2, -2",)),
        ("<answer>72</answer>", ("72",)),
        (r"<think>is it \boxed{3}?</think><answer>\boxed{72}</answer>", ("72",)),
        ("[1, 2]", ("[1, 2]",)),  # an interval or a list, and no alternatives
        ("{1, 2}", ("{1, 2}",)),
        (r"\{\}", (r"\{\}",)),
        (r"\text{None}", (r"\text{None}",)),  # None of these
        ("none", ("none",)),
        ("no solution", ("no solution",)),
    ],
)
def test_what_is_read(ground_truth: Any, alternatives: tuple[str, ...]) -> None:
    assert read_gold(ground_truth) == alternatives
    assert {type(alternative) for alternative in read_gold(ground_truth)} == {str}


HUGE = 10**4400
UNREADABLE = [
    *(None, "None", "nan", "NaN", "null", "<NA>", "NaT", float("nan"), np.nan, np.float32("nan")),
    *(
        "",
        "  ",
        "$$",
        r"\ ",
        r"\quad",
        "...",
        "?",
        r"\boxed{}",
        "####",
        "<answer></answer>",
        r"\boxed{x",
        "your answer",
    ),
    *(
        [],
        (),
        np.array([]),
        {},
        {"level": 7},
        {"answer": None},
        {"answer": "1", "target": "2"},
        {"answer": {"answer": 1}},
    ),
    *("{'level': 7}", "{'answer': None}", [[1, 2], [3, 4]], ["3", None], ["3", ""], [{"answer": 3}], np.ones((2, 2))),
    *(1j, object(), b"\xff", 10**4200, "\frac{1}{2}", "\boxed{2}", "\text{a}", "\alpha", "\right)"),
]


# Without the address of an object, which differs from one process of the tests to another.
@pytest.mark.parametrize("ground_truth", UNREADABLE, ids=lambda value: ascii(value).partition(" at 0x")[0][:30])
def test_what_cannot_be_read_is_undecided_whatever_the_answer(ground_truth: Any) -> None:
    with pytest.raises(UnreadableGold, match="^ground_truth=.* cannot be read: ") as refused:
        read_gold(ground_truth)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 250
    for answer in (r"\text{no solution}", "nan", "None", "0", r"\text{answer}", "", r"\ ", "72", r"\emptyset", "7"):
        verdict = verify(ground_truth, answer)
        assert not verdict.equal and not verdict.decided
        row = score(rf"\boxed{{{answer}}}", ground_truth, BOXED)
        assert (row["score"], row["acc"], row["unreadable_gold"], row["reason"]) == (0.0, 0.0, 1.0, "unreadable gold")


@pytest.mark.parametrize("nothing", [r"\left.\right.", r"\displaystyle", ",", ";", r"\limits", r"\mathrm{}", r"$\!$"])
def test_two_texts_that_say_nothing_are_not_equal(nothing: str) -> None:
    for answer in (nothing, r"\left. \right.", ".", ";"):
        assert not verify(nothing, answer).equal
        assert score(rf"\boxed{{{answer}}}", nothing, BOXED)["acc"] == 0.0


@pytest.mark.parametrize(
    ("ground_truth", "answer"),
    [
        ({"answer": "72"}, "72"),
        ("{'answer': '72'}", "72"),
        ("#### 72", "72"),
        (GSM8K, "72.0"),
        (MATH, "2"),
        ("b'72'", "72"),
        ("<answer>72</answer>", "72"),
        (np.array("1/2"), "0.5"),
        (["3", "4"], "4"),
        (72.0, "72"),
        ("['C']", "(C)"),
        ({"ground_truth": r"so \boxed{\frac12}"}, "0.5"),
    ],
)
def test_a_right_answer_is_paid_in_every_form_of_the_gold(ground_truth: Any, answer: str) -> None:
    assert verify(ground_truth, answer).equal
    assert score(rf"\boxed{{{answer}}}", ground_truth, BOXED)["score"] == 1.0
    assert not verify(ground_truth, r"\text{answer}").equal


@pytest.mark.parametrize(
    ("ground_truth", "why"),
    [([[HUGE]], "itself a list"), ({"x": HUGE}, "none of its keys"), (Fraction(1, HUGE), "4000 digits")],
    ids=["list", "mapping", "fraction"],  # Python does not write them out
)
def test_a_number_that_python_does_not_write_out_has_a_plain_reason(ground_truth: Any, why: str) -> None:
    with pytest.raises(UnreadableGold, match=why):
        read_gold(ground_truth)
    assert score(r"\boxed{1}", ground_truth, BOXED)["reason"] == "unreadable gold"


def test_it_is_reported_once_with_its_row(caplog: pytest.LogCaptureFixture) -> None:
    for response in (r"\boxed{1}", r"\boxed{2}"):
        score(response, {"only here": 7}, BOXED)
    said = [record.getMessage() for record in caplog.records if "only here" in record.getMessage()]
    assert len(said) == 1 and "data_source=unknown, index=unknown" in said[0]


@pytest.mark.parametrize("unit", ["\\boxed{", "#### ", "{'answer': ", "['", "<answer>", "\\", "[", "b'", "\t"])
def test_a_long_text_is_read_in_linear_time_or_refused(unit: str) -> None:
    try:
        read_gold(unit * (1_000_000 // len(unit)))
    except UnreadableGold as error:
        assert len(str(error)) < 250
