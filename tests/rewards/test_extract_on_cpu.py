"""Where the final answer of a response is found."""

import time

import pytest

from still_verl.rewards.extract import extract


@pytest.mark.parametrize(
    ("response", "answer", "method"),
    [
        (r"so \boxed{5}", "5", "boxed"),
        (r"first \boxed{4}, no: \boxed{\frac{1}{\sqrt{2}}}.", r"\frac{1}{\sqrt{2}}", "boxed"),
        (r"\fbox{7}", "7", "boxed"),
        (r"\boxed {8}", "8", "boxed"),
        (r"\boxed 9.", "9.", "boxed"),
        (r"\boxed{x = \boxed{5}}", r"x = \boxed{5}", "boxed"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}", "boxed"),
        (r"{ a set \boxed{5}", "5", "boxed"),
        (r"\boxed{3} then cut \boxed{\frac{1", "3", "boxed"),
        (r"$\boxed{2}$ and $\boxed{-2}$", "2, -2", "boxed"),
        (r"\boxed{2}. We check it again, and then \boxed{3}", "3", "boxed"),
        ("<think>a</think><answer> 12 </answer>", "12", "answer_tag"),
        ("<answer>1</answer> <answer>2</answer> <answer>cut", "2", "answer_tag"),
        (r"<think>\boxed{1}</think><answer>\boxed{2}</answer>", "2", "boxed"),
        ("Hence the answer is 42. Done", "42", "answer_is"),
        ("**Final answer:** 3.5", "3.5", "answer_is"),
        ("<think>long</think> 17", "17", "after_think"),
        (r"<think>\boxed{1}</think> " + "Thus we are done. " * 20, "1", "boxed"),
        ("<think>the answer is 5?</think> 17", "17", "after_think"),
        (r"<think>\boxed{1}</think> The answer is 2", "2", "answer_is"),
        ("<think>is the answer 3?</think>", "", ""),
        ("no conclusion", "", ""),
        ("", "", ""),
    ],
)
def test_the_default_order(response: str, answer: str, method: str) -> None:
    found = extract(response)
    assert (found.answer, found.method) == (answer, method)


def test_the_order_is_configurable() -> None:
    response = r"\boxed{1} <answer>2</answer>"
    assert extract(response, ["answer_tag", "boxed"]).answer == "2"
    assert extract("the answer is 2", ["boxed"]).answer == ""
    with pytest.raises(ValueError, match="boxd"):
        extract(response, ["boxd"])


def test_a_box_in_the_answer_tag_is_opened() -> None:
    assert extract(r"<answer>It is \boxed{3}</answer>", ["answer_tag"]).answer == "3"


@pytest.mark.parametrize("unit", [r"\boxed{", "<answer>", "the answer is ", "{", "}", "\\", r"\boxed ", "</think>"])
def test_the_time_is_linear_in_the_length(unit: str) -> None:
    response = unit * 20_000
    started = time.perf_counter()
    extract(response)
    assert time.perf_counter() - started < 2
