"""Formulas that are the same and formulas that only look the same: tiny and huge, roots and logarithms, many digits."""

import pytest

from still_verl.rewards.equivalence.identity import identical, proportional, solves
from still_verl.rewards.equivalence.normalize import normalize
from still_verl.rewards.equivalence.parse import parse


def same(left: str, right: str) -> bool | None:
    return identical(parse(normalize(left)), parse(normalize(right)))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("e^{-1000}", "e^{-2000}"),
        ("1/2004!", "1/2006!"),
        (r"\frac{1}{3000!}", r"\frac{1}{2004!}"),
        ("e^{30}", "e^{30}+1"),
        ("e^{1000}", "e^{1000}+1"),
        (r"10^{12}\pi", r"10^{12}\pi+1"),
        (r"10^{300}\pi", r"10^{300}\pi+1"),
        ("e^{-1000}", "0"),
        (r"\sin(10^{-20})", r"\frac{1}{2004!}"),
        (r"\sin(10^{-20})", "10^{-20}"),
        ("2^{-1100.5}", "2^{-1101.5}"),
        (r"\frac{\sqrt{2}}{10^{400}}", r"\frac{\sqrt{3}}{10^{400}}"),
        (r"\cos(e^{-100})", "1"),
        (r"\ln(1+10^{-30})", "10^{-30}"),
        (r"\arctan(10^{30})", r"\frac{\pi}{2}"),
        (r"(1+10^{-50})^{10^{50}}", "e"),
        (r"e^{\pi\sqrt{163}}", "262537412640768744"),
        (r"\sqrt{2}", r"\frac{665857}{470832}"),
        (r"\sqrt{10^{40}+1}-10^{20}", "0"),
        (r"e^x+1", r"e^x+1+10^{-40}\sqrt{2}"),
        ("(10^9)!", "12"),
        ("e^{10^9}", "e^{10^9+1}"),
        (r"9^{9^9}\pi", r"9^{9^9}\pi+9^{9^8}"),
        (r"\sqrt{2}x", r"\sqrt{2}x+10^{-30}(x-\frac{7}{5})"),
        (r"\sqrt{2}^{1000}", r"2^{500}+1"),
        (r"\infty", r"\infty-\infty+1"),
        (r"-\infty", r"\infty"),
    ],
)
def test_numbers_that_differ_are_told_apart_whatever_their_size(left: str, right: str) -> None:
    assert same(left, right) is not True
    assert same(right, left) is not True


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("e^{1000}", r"e^{999} \cdot e"),
        (r"\frac{1}{2004!}", r"\frac{2005}{2005!}"),
        (r"10^{300}\pi", r"\pi \cdot 10^{299} \cdot 10"),
        (r"\sqrt{10^{40}+1}-10^{20}", r"\frac{1}{\sqrt{10^{40}+1}+10^{20}}"),
        (r"\ln(e^{-1000})", "-1000"),
        (r"\sqrt{3+2\sqrt{2}}", r"1+\sqrt{2}"),
        (r"\sqrt[3]{2+\sqrt{5}}+\sqrt[3]{2-\sqrt{5}}", "1"),
        (r"\cos\frac{\pi}{7}\cos\frac{2\pi}{7}\cos\frac{3\pi}{7}", r"\frac{1}{8}"),
        (r"4\arctan\frac{1}{5}-\arctan\frac{1}{239}", r"\frac{\pi}{4}"),
        (r"\log_2 10^{100}", r"100\log_2 10"),
        (r"e^{10^{10}}", r"(e^{10^5})^{10^5}"),
        (r"\sin(10^{20})^2+\cos(10^{20})^2", "1"),
        (r"\sqrt{2}(x+1)^{9999}", r"(x+1)^{9999}\sqrt{2}"),
        (r"\binom{10000}{9998}", "49995000"),
        (r"e^{i\pi/3}", r"\frac{1+i\sqrt{3}}{2}"),
    ],
)
def test_numbers_that_are_the_same_are_found_whatever_their_size(left: str, right: str) -> None:
    assert same(left, right) is True
    assert same(right, left) is True


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (r"\sqrt[3]{x-2}", "(x-2)^{1/3}"),
        (r"(x-2)^{\frac{2}{3}}", r"\sqrt[3]{(x-2)^2}"),
        (r"\sqrt[3]{1-x}", r"-\sqrt[3]{x-1}"),
        (r"\sqrt[5]{3-2x}", "(3-2x)^{1/5}"),
        (r"2\arcsin\sqrt{a}", r"\arccos(1-2a)"),
        (r"\sqrt{xy}", r"\sqrt{x}\sqrt{y}"),
        (r"2\ln x", r"\ln x^2"),
        (r"\ln x^2", r"2\ln x"),
        (r"\ln(xy)", r"\ln x+\ln y"),
        (r"\sqrt{1/n}", r"\frac{1}{\sqrt{n}}"),
        (r"\ln\frac{x}{y}", r"\ln x-\ln y"),
        (r"\sqrt{x-100}", r"(x-100)^{\frac{1}{2}}"),
        (r"\sqrt{-x-5}", "(-5-x)^{0.5}"),
        (r"\sqrt{1-x^2-y^2}", r"(1-x^2-y^2)^{1/2}"),
        (r"\sqrt{(x-3)(5-x)}", r"\sqrt{x-3}\sqrt{5-x}"),
        (r"\ln(\ln x)", r"\ln(\frac{\ln x^2}{2})"),
        (r"\arccos x", r"\frac{\pi}{2}-\arcsin x"),
        (r"\sqrt{1-\cos^2 x}\sqrt{1-\cos^2 x}", r"\sin^2 x"),
        (r"x^{3/2}", r"x\sqrt{x}"),
        (r"\log_2 x^3", r"3\log_2 x"),
        (r"a^{b}a^{c}", "a^{b+c}"),
        (r"\frac{(n+1)!}{n!}", "n+1"),
    ],
)
def test_an_identity_holds_where_the_golds_roots_and_logarithms_live(gold: str, answer: str) -> None:
    assert same(gold, answer) is True


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (r"\sqrt{x^2}", "x"),
        ("x", r"\sqrt{x^2}"),
        ("|x|", "x"),
        ("|x||y|", "xy"),
        ("|x|", r"\sqrt{x}^2"),
        (r"\sqrt[3]{x-2}", r"(x-2)^{1/2}"),
        (r"2\arcsin\sqrt{a}", r"\arccos(1-a)"),
        (r"\sqrt{xy}", r"\sqrt{x}\sqrt{-y}"),
        ("m", r"\log_{\arcsin(e^{1000})}(i^{-8000})"),
        ("x", "i^{x}"),
        (r"\sqrt{x+y}", r"\sqrt{x}+\sqrt{y}"),
        (r"\ln(x+y)", r"\ln x+\ln y"),
        (r"\ln x", r"\ln(-x)"),
        (r"\sqrt{x-100}", r"\sqrt{x-101}"),
        (r"\sqrt{1-x^2}", r"\sqrt{1-x}"),
        (r"\frac{(n+1)!}{n!}", "n"),
    ],
)
def test_no_identity_is_made_up_where_nothing_lives(gold: str, answer: str) -> None:
    assert same(gold, answer) is not True


def test_an_equation_is_another_one_times_a_number() -> None:
    def proportionate(left: str, right: str) -> bool | None:
        return proportional(parse(normalize(left)), parse(normalize(right)))

    assert proportionate("2x+y-4", "4x+2y-8") is True
    assert proportionate("x^2+y^2-1", r"\sqrt{2}x^2+\sqrt{2}y^2-\sqrt{2}") is True
    assert proportionate("2x+y-4", "4x+2y-9") is False
    assert proportionate("x-10^{30}", "2x-2(10^{30}+1)") is False
    assert proportionate("x-x", "x") is None


def test_a_solution_of_an_equation_is_one_only_where_there_is_no_other() -> None:
    def solved(zero: str, solution: str) -> bool | None:
        return solves(parse(normalize(zero)), "y", parse(normalize(solution)))

    assert solved("xy-6", r"\frac{6}{x}") is True
    assert solved("xy-6", r"\frac{5}{x}") is False
    assert solved(r"\sqrt{2}y-2x", r"\sqrt{2}x") is True
    assert solved("y^2-x", r"\sqrt{x}") is None
