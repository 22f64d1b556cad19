"""What a response puts into boxes: which box counts, which boxes are one answer, and what outside belongs to it."""

import time

import pytest

from still_verl.rewards.boxes import last_boxed, waits_for_answer


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"$\boxed{204}$ $\boxed{204}$", "204"),
        ("\\[\\boxed{204}\\]\n\n**Final Answer**\n\\[ \\boxed{204} \\]", "204"),
        ("$\\boxed{x+1}$\n$\\boxed{x+1}$\n", "x+1"),
        (r"\boxed{7}, \boxed{ 7 } and \boxed{7}", "7"),
        (r"$x = \boxed{7}$, $\boxed{7}$", "7"),
        (r"\boxed{-2} \boxed{2} \boxed{-2}", "-2, 2"),
        (r"so \boxed{\text{no}}. $\boxed{\text{no}}$", r"\text{no}"),
        (r"\fbox{3} \boxed{3}", "3"),
        (r"\boxed{\boxed{5}} $\boxed{5}$", r"\boxed{5}, 5"),  # only the verifier knows that these are one
        (r"\boxed{1} no. \boxed{2} and \boxed{2}", "2"),
        ("* \\boxed{9}\n* \\boxed{9}", "9"),
    ],
)
def test_a_box_that_is_repeated_is_one_answer(response: str, answer: str) -> None:
    assert last_boxed(response) == answer


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"x = \boxed{2} or x = \boxed{3}", "2, 3"),
        (r"$x=\boxed{2}$ and $x=\boxed{-3}$", "2, -3"),
        (r"$x_1=\boxed{2}$, $x_2 = \boxed{3}$", "2, 3"),
        (r"$x_{12}=\boxed{2}$; $\alpha = \boxed{3}$", "2, 3"),
        (r"\boxed{2} \text{ or } \boxed{3}", "2, 3"),
        (r"\boxed{2} \lor \boxed{3}", "2, 3"),
        (r"\boxed{A} & \boxed{C}", "A, C"),
        (r"\boxed{2} 和 \boxed{3}、\boxed{5}", "2, 3, 5"),
        ("- \\boxed{2}\n- \\boxed{3}", "2, 3"),
        ("- $a = \\boxed{2}$\n- $b = \\boxed{3}$", "2, 3"),
        (r"\(\boxed{2}\), \(\boxed{3}\), and \(\boxed{5}\)", "2, 3, 5"),
        (r"**\boxed{2}** or **\boxed{3}**", "2, 3"),
        (r"$\boxed{2}$ and $-\boxed{2}$", "2, -2"),
    ],
)
def test_boxes_with_a_conjunction_between_them_are_one_answer(response: str, answer: str) -> None:
    assert last_boxed(response) == answer


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("(1) \\boxed{2}\n(2) \\boxed{3}", "3"),
        ("1. \\boxed{2}\n2. \\boxed{3}", "3"),
        (r"\boxed{2}, so y = \boxed{3}", "3"),
        (r"\boxed{2}. Wait, that is wrong: \boxed{3}", "3"),
        (r"$\boxed{2} = \boxed{3}$", "3"),
        (r"First \boxed{2} apples and then \boxed{3}", "3"),
    ],
)
def test_of_other_boxes_the_last_one_counts(response: str, answer: str) -> None:
    assert last_boxed(response) == answer


@pytest.mark.parametrize(
    "later",
    [
        r"\boxed{}",
        r"\boxed{ }",
        r"\boxed{\ }",
        r"\boxed{...}",
        r"\boxed{\ldots}",
        r"\boxed{\cdots}",
        r"\boxed{?}",
        r"\boxed{\text{?}}",
        r"\boxed{\_\_\_}",
        r"\boxed{___}",
        r"\boxed{\square}",
        r"\boxed{answer}",
        r"\boxed{\text{answer}}",
        r"\boxed{your answer}",
        r"\boxed{<your_final_answer>}",
        r"\boxed{[final result]}",
        r"\boxed{\text{Insert the final answer here}}",
        r"\boxed{\phantom{00}}",
        r"\fbox{}",
        r"\boxed{}, \boxed{}",
    ],
)
def test_a_box_without_an_answer_does_not_take_its_place(later: str) -> None:
    assert last_boxed(rf"Thus \boxed{{18}}. Put it in {later}.") == "18"
    assert last_boxed(rf"Thus \boxed{{18}}, {later}") == "18"
    assert last_boxed(f"I put it in {later}.") == ""


@pytest.mark.parametrize(
    "content",
    [r"\{\}", r"\infty", r"\emptyset", "∅", "0", "x", r"\pi", "no solution", "()", "A", "the answer is 5", "5!"],
)
def test_short_answers_are_answers(content: str) -> None:
    assert not waits_for_answer(content)
    assert last_boxed(rf"\boxed{{{content}}} or so") == content


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"-\boxed{18}", "-18"),
        (r"$-\boxed{18}$", "-18"),
        (r"\[ -\boxed{\frac{1}{2}} \]", r"-(\frac{1}{2})"),
        (r"$-\boxed{x+1}$", "-(x+1)"),
        (r"the answer is −\boxed{18}.", "−18"),
        (r"$x = \pm\boxed{3}$", r"\pm(3)"),
    ],
)
def test_a_sign_that_touches_a_box_is_a_part_of_the_answer(response: str, answer: str) -> None:
    assert last_boxed(response) == answer


@pytest.mark.parametrize(
    "response",
    [
        r"- \boxed{18}",
        "So:\n- $\\boxed{18}$",
        "* \\boxed{18}",
        r"**\boxed{18}**",
        r"The answer - \boxed{18} - is right",
        r"Option C - \boxed{18}",
        r"$10-\boxed{18}$",
        r"$x^{2}-\boxed{18}$",
        r"$2\cdot\boxed{18}$",
        r"$\boxed{18}$ - as we have shown",
        r"$x = \boxed{18}$",
        r"$\angle A=\boxed{18}^\circ$",
        r"$\boxed{18}\%$",
        r"$\boxed{18}$ cm",
        r"$\boxed{18}\text{ cm}$",
        r"It is \boxed{18}!",
        r"$f(\boxed{18})$",
        r"$(x, \boxed{18})$",
        r"(1) \boxed{18}",
        r"It is (\boxed{18}) and done",
        r"5 * 3 = 15\n* \boxed{18}",
        r"Question 2: \boxed{18}",
        r"2. \boxed{18}",
        r"$3 \cdot 6 = \boxed{18}$",
        r"$\boxed{18} = 3 \cdot 6$",
        r"I get a \boxed{18}",
        r"$\therefore \boxed{18}$",
        r"$\boxed{18}\checkmark$",
    ],
)
def test_names_units_bullets_and_remarks_outside_are_not(response: str) -> None:
    assert last_boxed(response) == "18"


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"\boxed7", "7"),
        (r"\boxed 72", "72"),
        (r"\boxed-7", "-7"),
        (r"\\boxed{7}", "7"),
        (r"\\\\boxed{7}", "7"),
        (r"\boxed\frac{1}{2}", r"\frac{1}{2}"),
        (r"$\boxed\pi$", r"\pi"),
        (r"\boxed C", "C"),
        ("\\boxed\n{7}", "7"),
        (r"\boxed{\\frac{1}{2}}", r"\\frac{1}{2}"),
        ("I put it in \\boxed format", ""),
        (r"\boxed[7]", ""),
        ("boxed{7}", ""),
        ("\boxed{7}", ""),  # its backslash was lost
        (r"\boxed{7}. I could have written \boxed7", "7"),
    ],
)
def test_a_box_without_braces_or_with_more_backslashes(response: str, answer: str) -> None:
    assert last_boxed(response) == answer


@pytest.mark.parametrize(
    "unit",
    [
        *("{", "}", "\\", " ", "\n", "1", "x=", "-", "2+", "a ", "$", "\\boxed", "\\boxed ", "\\boxed{", "\\boxed{?}"),
        *(
            "\\boxed{2} or ",
            "\\boxed{2}+",
            "\\boxed\\frac",
            "\\boxed{\\boxed{",
            "\\boxed-",
            "\\\\boxed{3}x",
            "\\frac{1}{",
            "^2",
        ),
    ],
)
@pytest.mark.parametrize("end", ["", "}}}\\boxed{5}"])
def test_the_time_is_linear_in_the_length(unit: str, end: str) -> None:
    """200 kB take 0.4 s at most. What is quadratic would take hours, and what is exponential in a window for ever."""
    text = unit * (200_000 // len(unit)) + end
    started = time.process_time()
    last_boxed(text)
    assert time.process_time() - started < 20
