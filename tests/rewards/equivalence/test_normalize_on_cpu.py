"""One dialect for LaTeX, Unicode and plain text."""

import pytest

from still_verl.rewards.equivalence.normalize import compact, normalize, to_latex


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        (r"\left( \dfrac{1}{2} \right)", r"( \frac{1}{2} )"),
        (r"x \leq 3", "x ≤ 3"),
        ("x <= 3", "x ≤ 3"),
        ("2x²", "2x^{2}"),
        (r"\{1,\ 2\}", "⦃1, 2⦄"),
        (r"5\text{ cm}", "5‹cm›"),
        ("empty set", "‹empty› ‹set›"),
        ("abc", "abc"),  # letters in order are a product
        (r"1 \text{ and } 2", "1 ∧ 2"),
        ("5!=120", "5!=120"),
        ("x != 5", "x ≠ 5"),
        (r"\mathbb{R}", "ℝ"),
    ],
)
def test_dialect(text: str, dialect: str) -> None:
    assert compact(normalize(text)) == compact(dialect)


def test_what_is_normalized_stays() -> None:
    for text in (r"\frac{1}{2}", "⦃1, 2⦄", "x ≤ 3", "‹no solution›"):
        assert compact(normalize(normalize(text))) == compact(normalize(text))


def test_back_to_latex() -> None:
    assert to_latex("x≤3") == r"x\le 3"
