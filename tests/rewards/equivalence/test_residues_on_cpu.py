"""Residues: the same for the same formula, different for different ones, whatever the formulas' values are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from still_verl.rewards.equivalence.evaluate import Undefined
from still_verl.rewards.equivalence.normalize import normalize
from still_verl.rewards.equivalence.parse import parse
from still_verl.rewards.equivalence.residues import Residues, prime


def residue(formula: str) -> tuple[int, bool]:
    """The residue, and whether the formula is rational."""
    residues = Residues()
    return residues(parse(normalize(formula))), residues.is_rational


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("(x+1)^{9999}", "(x+1)^{9998}(1+x)"),
        ("(1+x+3)^{5003}", "(4+x)^{5003}"),
        ("2^{10000}", "4^{5000}"),
        (r"\binom{10^{4000}}{2}", r"\frac{10^{4000}(10^{4000}-1)}{2}"),
        (r"\binom{n}{3}", r"\frac{n(n-1)(n-2)}{6}"),
        (r"\frac{2004!}{2002!}", r"2004 \cdot 2003"),
        ("(a+bi)(a-bi)", "a^2+b^2"),
        (r"\frac{x^2-1}{x-1}", "x+1"),
        (r"\pi(x+e)", r"\pi x + e\pi"),
        ("180°", r"\pi"),
    ],
)
def test_equal_rational_formulas(left: str, right: str) -> None:
    assert residue(left) == residue(right)
    assert residue(left)[1]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("(x+1)^{9999}", "(x+1)^{9999}+1"),
        ("2^{10000}", "2^{10001}"),
        (r"\binom{10^{4000}}{2000}", r"\binom{10^{4000}}{2000}+1"),
        (r"\binom{10^{4000}}{2000}", r"\binom{10^{4000}+1}{2000}"),
        ("1/2004!", "1/2006!"),
        (r"10^{12}\pi", r"10^{12}\pi+1"),
        (f"x^{{{2**31 - 1}}}", "x"),  # the same modulo the prime 2^31 - 1
        (f"x+{2**127 - 1}", "x"),
        ("i", "1"),
        (r"\pi", "e"),
    ],
)
def test_different_rational_formulas(left: str, right: str) -> None:
    assert residue(left)[0] != residue(right)[0]
    assert residue(left)[1] and residue(right)[1]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (r"\sqrt{x+1}+2", r"2+\sqrt{1+x}"),
        (r"\frac{\sqrt3}{2}", r"\frac{1}{2}\sqrt{3}"),
        (r"\sin(2x)\cdot 3", r"\sin(x+x)+2\sin(2x)"),
        (r"\tan x", r"\frac{\sin x}{\cos x}"),
        ("9^{9^{9^9}}", "9^{9^{9^9}}"),
        ("x^{n+1}", "x^{1+n}"),
    ],
)
def test_what_has_no_residue_still_equals_itself(left: str, right: str) -> None:
    assert residue(left)[0] == residue(right)[0]
    assert not residue(left)[1]


def test_only_exponents_that_are_exact_make_powers() -> None:
    """Of longer ones somebody could make a multiple of the order of all residues, for which every power is 1."""
    assert residue(f"x^{{{2**80}}}")[1]
    assert not residue("x^{2^{9000}}")[1]


@pytest.mark.parametrize("formula", [r"\frac{1}{0}", r"\frac{1}{x-x}", "(x-x)^{-1}"])
def test_a_division_by_zero_has_no_residue(formula: str) -> None:
    with pytest.raises(Undefined):
        residue(formula)


def test_the_prime_is_large_and_leaves_a_root_of_minus_one() -> None:
    assert prime().bit_length() == 127
    assert residue("i^2") == residue("-1")


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=4), st.integers(-9, 9), st.integers(1, 3))
def test_an_expanded_product_has_the_residue_of_the_product(roots: list[int], added: int, power: int) -> None:
    product = "".join(f"(x-({root}))^{{{power}}}" for root in roots)
    coefficients = [1]
    for root in roots * power:
        shifted = [0, *coefficients]
        for place, coefficient in enumerate(coefficients):
            shifted[place] -= root * coefficient
        coefficients = shifted
    expanded = "+".join(f"({coefficient})x^{{{place}}}" for place, coefficient in enumerate(coefficients))
    assert residue(product) == residue(expanded)
    if added:
        assert residue(product) != residue(f"{expanded}+({added})")
