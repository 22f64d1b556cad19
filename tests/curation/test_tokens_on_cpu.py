"""The same problem typed in two ways has the same tokens, and another number is another token."""

import pytest

from still_verl.curation.tokens import tokens_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"$\dfrac{1}{2}$", r"\(\frac12\)"),
        (r"$\frac{1}{2}$", "1/2"),
        ("½ of it", "1/2 of it"),
        (r"$\frac{x+1}{y-2}$", "(x+1)/(y-2)"),
        (r"\[ \left( x^{2} \right) \]", "(x²)"),
        (r"$90^\circ$", "90°"),
        (r"$3 \cdot 4 \leq 5\pi$", "3·4 ≤ 5π"),
        (r"$a \times b$", "a × b"),
        (r"\sqrt{2}", "√2"),
        (r"$10{,}000$", "10,000"),
        (r"12\,000", "12000"),
        (r"x_1 + x_2", "x₁ + x₂"),
        ("5\u00a0apples", "5 apples"),
        ("<p>Find <b>x</b></p>", "find x"),
        ("a &lt; b", "a < b"),
        (r"$\text{if } n \ge 2$", "if n ≥ 2"),
        ("Let $x+y=3$", "let $t+u=3$"),
        ("${ax}+3$", "${bt}+3$"),
        ("three six-sided dice", "3 six sided dice"),
        ("１２ apples", "12 apples"),
        ("0.50 kg", ".5 kg"),
        (r"\begin{align*} x &= 2 \end{align*}", "x = 2"),
        (r"\binom{5}{2}", r"\dbinom52"),
        ("100\\%", "100 percent"),
        (r"x^{20}", "x²⁰"),
        (r"10^{-3}", "10⁻³"),
        (r"a_{12} + 1", "a₁₂ + 1"),
        (r"\log_2 8", "log₂8"),
        (r"x^{20} + y^n", "x<sup>20</sup> + y<sup>n</sup>"),
        (r"2 \frac{3}{5}", "2⅗"),
        (r"A \subseteq B, x \notin \varnothing", "A ⊆ B, x ∉ ∅"),
        (r"\lvert x \rvert \approx 3", "|x| ≈ 3"),
        (r"\forall x: \neg p \land q", "∀ x: ¬p ∧ q"),
        (r"f^{\prime}(x)", "f'(x)"),
        (r"\vec{a} \cdot \vec{b}", "a · b"),
        ("Find x", "**Find** x"),
        (r"\frac{1}{2} + \sin x", r"\\frac{1}{2} + \\sin x"),
        ("One line.\nFind x", r"One line.\nFind x"),
        (r"\begin{pmatrix} 1 \\ \frac12 \end{pmatrix}", r"\begin{pmatrix}1\\\frac12\end{pmatrix}"),
    ],
)
def test_two_ways_to_type_one_thing(one: str, other: str) -> None:
    assert tokens_of(one).all == tokens_of(other).all


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2x+3", "2x+4"),
        ("x+y", "x-y"),
        ("three dice", "four dice"),
        ("sin 30", "cos 30"),
        ("x < 2", "x > 2"),
        ("1.5", "15"),
    ],
)
def test_two_things(one: str, other: str) -> None:
    assert tokens_of(one).all != tokens_of(other).all


def test_a_figure_is_known_by_the_numbers_of_its_labels() -> None:
    tokens = tokens_of('Find $x$. [asy] draw((0,0)--(3,4)); label("$5$", (1,1)); [/asy]')
    assert tokens.all == ("find", "v")
    assert tokens.figure == ("5",) and tokens.has_figure


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    [
        "\\frac{",
        "{",
        "$",
        "<p ",
        "[asy]",
        "![",
        "\\begin{",
        "1,",
        "(",
        "&#",
        "\\",
        "^",
        "\\frac{{1}",
        "one hundred and ",
        "million ",
    ],
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    tokens_of(piece * 50_000)


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("twenty-five apples", "25 apples"),
        ("One hundred and six years", "106 years"),
        ("2.5 million people", "2,500,000 people"),
        ("one hundred twenty-three million four hundred five thousand seven", "123405007"),
        ("between one hundred and two hundred", "between 100 and 200"),
        ("the twenty-first day", "the 21st day"),
        ("the twenty and thirty cent stamps", "the 20 and 30 cent stamps"),
        ("between one thousand and two thousand", "between 1000 and 2000"),
        ("between one million and two million", "between 1000000 and 2000000"),
        ("from one thousand and twenty-two thousand", "from 1000 and 22000"),
        ("between one hundred and two thousand", "between 100 and 2000"),
        ("one hundred and two thousand", "102000"),
        ("twenty five-cent coins", "20 5 cent coins"),
        ("thirty three-digit numbers", "30 3 digit numbers"),
        ("one hundred ten-dollar bills", "100 10 dollar bills"),
        ("one hundred twenty-five-cent coins", "100 25-cent coins"),
        ("twenty second-graders", "20 2 graders"),
        (".5 million people", "500000 people"),
        ("1/2 million people", "1/2 1000000 people"),
        ("2^10 million", "2^10 1000000"),
        ("twenty - five", "20 - 5"),
        ("twenty five", "25"),
    ],
)
def test_a_number_of_several_words_is_one_number(words: str, digits: str) -> None:
    """Sixty-one was once 60, so a problem with 61 was the one with 60; and two numbers are not one."""
    assert tokens_of(words).all == tokens_of(digits).all


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("add \u0663\u0664 and \u0966", "add 34 and 0"),  # Arabic and Indian digits
        ("hund\u00adred per\u200bsons", "hundred persons"),
        ("12\u202f500 and 12\u00a0500 m", "12500 and 12,500 m"),
        ("th\u0435 \u0441ost of \u0425 points", "the cost of X points"),  # Cyrillic
    ],
)
def test_signs_that_look_or_mean_alike_are_one(typed: str, plain: str) -> None:
    assert tokens_of(typed).all == tokens_of(plain).all


def test_a_word_of_another_script_stays_whole() -> None:
    assert tokens_of("сколько корней").all == ("сколько", "корней")


def test_chinese_and_japanese_have_a_token_for_each_sign() -> None:
    """A clause without spaces was one token: with one other sign nothing of it was found."""
    assert tokens_of("求函数f的值").all == ("求", "函", "数", "v", "的", "值")
    assert tokens_of("サイコロ2個").all == ("サ", "イ", "コ", "ロ", "2", "個")
    assert tokens_of("сумма чисел").all == ("сумма", "чисел")


def test_a_word_in_capitals_is_no_run_of_points() -> None:
    """To arrange the letters of ALABAMA was the problem about ELLIPSE: both were seven points."""
    assert tokens_of("the word ALABAMA").all != tokens_of("the word ELLIPSE").all
    assert tokens_of("hexagon ABCDEF").all == tokens_of("hexagon PQRSTU").all
    for name in ("FEDCBA", "AKBLCM", "AABBAA", "HTTHTH"):
        assert tokens_of(f"hexagon {name}").all == tokens_of("hexagon PQRSTU").all
    for name in ("SQUARE", "HEXAGON", "TRIANGLE", "ELLIPSE", "RHOMBUS"):
        assert tokens_of(f"{name} with side 3").all == tokens_of(f"{name.lower()} with side 3").all
    assert tokens_of("path ABCABC").all == tokens_of("path PQRPQR").all


@pytest.mark.parametrize("line", ["x-y=3", "over b", "le=3"])
def test_a_line_break_is_no_command_that_was_escaped_twice(line: str) -> None:
    assert tokens_of(rf"x+y=1\\{line}").all == tokens_of(rf"x+y=1\\ {line}").all
