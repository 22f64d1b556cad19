"""Each operation is bounded by the size of its result, before it is done."""

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest

from still_verl.rewards.equivalence.evaluate import Evaluator, Undefined
from still_verl.rewards.equivalence.normalize import normalize
from still_verl.rewards.equivalence.operations import log2_binomial, log2_factorial
from still_verl.rewards.equivalence.parse import parse
from still_verl.rewards.equivalence.precision import MAX_BITS, MAX_MAGNITUDE, Number, TooLarge


def value(formula: str) -> Number:
    return Evaluator({})(parse(normalize(formula)))


def bits(number: Fraction) -> int:
    return number.numerator.bit_length() + number.denominator.bit_length()


@pytest.mark.parametrize(
    ("exact", "inexact"),
    [
        ("2^{7998}", "2^{7999}"),
        ("2^{-7998}", "2^{-7999}"),
        (r"\left(\frac{2}{3}\right)^{3094}", r"\left(\frac{2}{3}\right)^{3095}"),
        ("946!", "947!"),
        (r"\binom{8004}{4002}", r"\binom{8010}{4005}"),
        (r"2^{4000} \cdot 2^{3998}", r"2^{4000} \cdot 2^{3999}"),
        ("2^{7997}+2^{7997}", "2^{7998}+2^{7998}"),
    ],
)
def test_a_fraction_is_exact_up_to_its_bits_and_no_further(exact: str, inexact: str) -> None:
    assert isinstance(value(exact), Fraction) and bits(value(exact)) <= MAX_BITS
    assert not isinstance(value(inexact), Fraction)


@pytest.mark.parametrize(
    ("finite", "too_large"),
    [
        ("2^{1099511627775}", "2^{1099511627777}"),
        ("2^{-1099511627775}", "2^{-1099511627778}"),
        (r"2^{1099511627775} \cdot 1", r"2^{1099511627775} \cdot 8"),
        ("30000000000!", "40000000000!"),
        (r"\binom{30000000000}{15000000000}", r"\binom{10^{4000}}{2501}"),
    ],
)
def test_a_number_has_a_magnitude_up_to_the_limit_and_no_further(finite: str, too_large: str) -> None:
    number = value(finite)
    assert abs(Evaluator({}).precision.magnitude(number)) <= MAX_MAGNITUDE
    with pytest.raises(TooLarge):
        value(too_large)


@pytest.mark.parametrize(("top", "chosen"), [(10, 0), (10, 5), (100, 50), (2000, 3), (5000, 2500), (10**40, 7)])
def test_the_bound_of_a_binomial_holds_and_is_near(top: int, chosen: int) -> None:
    exact = math.log2(math.comb(top, chosen))
    assert exact - 1e-6 <= log2_binomial(top, chosen) <= exact + math.log2(top) + 1


@pytest.mark.parametrize("number", [0, 1, 10, 1000, 5000])
def test_the_size_of_a_factorial_is_known_without_it(number: int) -> None:
    assert log2_factorial(Fraction(number)) == pytest.approx(math.log2(math.factorial(number)), abs=1e-6)


@pytest.mark.parametrize("tiny", ["e^{-1000}", "e^{-10^{10}}", r"\frac{1}{3000!}", "10^{-400}", "2^{-10^{11}}"])
def test_nothing_is_zero_by_being_tiny(tiny: str) -> None:
    assert value(tiny) != 0
    assert Evaluator({}).real(parse(normalize(tiny))) != 0


@pytest.mark.parametrize(
    "zero",
    [r"\sin(\pi)", r"\cos(\frac{\pi}{2})", r"\ln(1)", r"\sqrt{2}^2-2", r"e^{i\pi}+1", r"\arccos(1)", r"\tan(\pi)"],
)
def test_rounding_leaves_no_number_where_there_is_none(zero: str) -> None:
    assert value(zero) == 0


@pytest.mark.parametrize(
    "nowhere",
    [r"\tan(\frac{\pi}{2})", r"\ln(0)", "0^{-1}", "0^i", "(-1)!", r"\frac{1}{\sin(\pi)}", "(-8)^{1/3}", "x"],
)
def test_what_has_no_value_says_so(nowhere: str) -> None:
    with pytest.raises(Undefined):
        value(nowhere)


@pytest.mark.parametrize(
    ("formula", "whole"),
    [
        (r"\lfloor \sqrt{2}\sqrt{2} \rfloor", 2),
        (r"\lceil 3 \cdot \frac{\pi}{\pi} \rceil", 3),
        (r"\lfloor -\frac{7}{2} \rfloor", -4),
        (r"\lfloor e^{20} \rfloor", 485165195),
        (r"\lfloor \log_2 8 \rfloor", 3),
    ],
)
def test_what_is_rounded_is_rounded_exactly(formula: str, whole: int) -> None:
    assert value(formula) == whole


def test_threads_that_share_a_precision_get_the_same_numbers() -> None:
    """mpmath has its precision in a context, which some functions change for a while; ours use none of these."""
    formulas = [
        r"(\sqrt{2}+\frac{1}{3})!",
        "e^{\\pi}",
        r"\arcsin(0.3)+\ln(7)",
        r"\tan(1)",
        "(1+i)^{0.3}",
    ]
    expected = [value(formula) for formula in formulas]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            assert list(threads.map(value, formulas * 4)) == expected * 4
