"""Each rule of equality, with what it must accept and what it must refuse. No process is involved."""

import pytest

from still_verl.rewards import rules

ACCEPT: dict[str, list[tuple[str, str]]] = {
    "spelling": [
        (r"\frac{1}{2}", r"\left. \dfrac12 \right."),
        (r"\sqrt{2}", "√2"),
        ("2x^2", "2x²"),
        ("1.5", r"\boxed{1.5}."),
        (r"\{1,2\}", r"\left\{ 1,\ 2 \right\}"),
        (r"x_{1}+x_{2}", "x_1 + x_2"),
        ("②③", "2, 3"),
        (r"3^{x}", "3<sup>x</sup>"),
    ],
    "expression": [
        (r"\frac{p^2-1}{3}", r"\frac{1-p^2}{-3}"),
        (r"\sin 2x", r"2\sin x\cos x"),
        (r"\frac{\log 8}{\log 2}", "3"),
        (r"\log_2 10", r"\frac{\ln 10}{\ln 2}"),
        (r"\binom{n}{k}", r"\frac{n!}{k!(n-k)!}"),
        (r"\lfloor 3.7 \rfloor", "3"),
        (r"\sqrt[3]{-8}", "-2"),
        (r"\arctan x", r"\tan^{-1} x"),
        (r"|x-1|", "|1-x|"),
        ("abc", "c a b"),
        (r"2^{2008}-2", r"2(2^{2007}-1)"),
        (r"\frac{bx}{h}(h-x)", r"\dfrac{bx(h-x)}{h}"),
        (r"e^{i\pi}", "-1"),
        (r"3.54\times10^{-7}", "3.54e-07"),
    ],
    "mixed number": [(r"\frac{13}{6}", r"2\frac{1}{6}"), ("21.5", "21 1/2"), ("-5/4", r"-1\frac14")],
    "rounding": [
        (r"\frac{600}{7}", "85.71"),
        ("6.67", r"\frac{20}{3}"),
        ("41.494", r"17+10\sqrt{6}"),
        ("165.47", "165.5"),
        (r"\frac13", "0.333"),
        ("0.5", r"\frac12"),
    ],
    "percent": [(r"50\%", "0.5"), (r"50\%", "50"), (r"6.67\%", r"\frac{1}{15}"), ("0.25", r"25\%")],
    "degrees": [
        (r"45^{\circ}", "45"),
        (r"\frac{\pi}{6}", r"30^\circ"),
        ("60", r"60\text{ degrees}"),
        ("45°", r"45^\circ"),
    ],
    "unit": [
        ("12", r"12\text{ cm}"),
        ("5", "5 km"),
        (r"10\text{ cm}^2", "10"),
        (r"3\mathrm{~m}", "3"),
        ("7", r"7 \text{ apples}"),
        ("12.55", r"\$12.55"),
        (r"30\text{ min}", "30 minutes"),
        (r"9\text{ m/s}", "9"),
    ],
    "number base": [("1011_2", "1011"), ("1011_2", "1011_{2}"), ("-37_8", "-37")],
    "thousands": [
        ("1000000", "1,000,000"),
        ("1000000", r"1\,000\,000"),
        (r"1{,}250", "1250"),
        (r"95,\!040", "95040"),
        (r"\$1,234.50", "1234.5"),
    ],
    "ordinal and count": [("12", r"12^{\mathrm{th}}"), ("3", "three"), ("21", "21st")],
    "ratio": [("2:1", "2"), ("20:3", r"\frac{20}{3}"), ("1:2:3", "2:4:6")],
    "list": [
        ("5,1", "1, 5"),
        ("$8$,$4$", "4, 8"),
        (r"1,3", r"1 \text{ and } 3"),
        ("-2, 5", "5 or -2"),
        (r"0,-1,-\frac32", "-1.5, -1, 0"),
        ("(1,2),(3,4)", r"(3, 4),\ (1, 2)"),
        ("7,4", r"7 \text{ stuffed goats and } 4 \text{ toy helicopters}"),
    ],
    "set": [("1,2", r"\{2,1\}"), (r"\{2\}", "2"), ("{1, 2}", r"\{1,2\}")],
    "tuple": [("(1,2)", "1, 2"), ("(0.5, 3)", r"\left(\frac12, 3\right)"), (r"\langle 1,2\rangle", "(1,2)")],
    "plus minus": [
        (r"1 \pm \sqrt{19}", r"1+\sqrt{19}, 1-\sqrt{19}"),
        (r"\{1\pm\sqrt5,-2\}", r"\{-2, 1+\sqrt5, 1-\sqrt5\}"),
        (r"(1,1),(1,-1),(-1,1),(-1,-1)", r"(\pm 1, \pm 1)"),
        (r"x=\pm 2", "2, -2"),
        (r"0,\pm1", "-1,0,1"),
    ],
    "matrix": [
        (r"\begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}", r"\begin{pmatrix} 0.2 \\ -3.6 \end{pmatrix}"),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\begin{bmatrix}1&2\\3&4\end{bmatrix}"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "(1,2)"),
    ],
    "interval and inequality": [
        (r"(-\infty,-5)", "k < -5"),
        (r"x \in [-2,7]", "[-2, 7]"),
        ("20<P<30", "(20, 30)"),
        (r"4 < m \leq 8 \text{ or } 10 \leq m < 12", r"(4, 8] \cup [10, 12)"),
        (r"\{x | x < \frac{3}{2}\} - \{-6\}", r"(-\infty, -6) \cup (-6, \frac32)"),
        (r"a \leqslant -2 \text{ or } a = 1", r"(-\infty,-2]\cup\{1\}"),
        (r"\{x|-2<x<3\}", "(-2, 3)"),
        ("x>0, x \\ne 1", r"(0,1)\cup(1,\infty)"),
        (r"(-\infty,\infty)\setminus\{2\}", r"x \neq 2"),
        (r"[1,2]\cup[2,3]", "[1,3]"),
        (r"(k\pi, k\pi+\frac{\pi}{2})", r"(k\pi, \frac{(2k+1)\pi}{2})"),
        ("3 > x > 1", "1 < x < 3"),
        ("x < -1", "-2x > 2"),
        (r"(\frac35, \frac83]", "(0.6, 2.667]"),
    ],
    "region in words": [
        (r"\mathbb{R}", "all real numbers"),
        (r"(-\infty,\infty)", r"\text{all real numbers}"),
        (r"x \in \mathbb{R}", "all reals"),
        ("x > 3", "all real numbers greater than 3"),
        (r"[2,\infty)", r"x \text{ is at least } 2"),
        ("(1,3)", "between 1 and 3"),
        (r"\emptyset", "no solution"),
        (r"\text{No real solutions}", "none"),
    ],
    "name": [
        ("$N=n$", "n"),
        ("5", "x = 5"),
        ("f(x)=2x", "2x"),
        (r"m_{\max}=n^2-n-1", "n^2 - n - 1"),
        ("7", "x + y = 7"),
        ("5", r"\text{Area} = 2 + 3 = 5"),
        ("1,3", r"\text{Minimum: } 1, \text{ Maximum: } 3"),
        (r"\frac13,-2,5", r"a=\frac13, b=-2, c=5"),
        ("a=1, b=2", "b=2, a=1"),
        (r"\frac{\pi}{3}", r"\theta = \frac{\pi}{3}"),
    ],
    "bound variable": [
        ("f(x)=x", "f(z) = z"),
        ("f(x)=x^2+1", "t^2+1"),
        (r"x=\frac{\pi}{6}+\pi k", r"\frac{\pi}{6}+n\pi"),
        ("(3x, 5-x)", r"(3t, 5-t) \text{ for some integer } t"),
        (r"2k\pi, k\in\mathbb{Z}", r"2n\pi"),
        ("x^2+C", "x^2+K"),
    ],
    "equation": [
        ("2x+y=4", "4x + 2y - 8 = 0"),
        ("y=2x+1", "2x - y + 1 = 0"),
        ("xy=6", r"\frac{6}{x}"),
        ("y+1=-(2x-1)^2", "-4x^2+4x-2"),
        ("y=-8(x-3)", "-8x+24"),
    ],
    "ordering": [("a > b > c", "c < b < a"), (r"\tan\frac{\pi}{4} > \cos x", r"\cos x < 1")],
    "clock": [(r"4:30\text{ p.m.}", "4:30 PM"), ("3:05", "3:05 am"), ("16:30", "4:30 pm")],
    "choice": [("B", "(B)"), (r"\text{(B)}", "B. 12"), ("B", r"\textbf{(B)}\ 12"), ("(C)", "option C")],
    "words": [(r"\text{even}", "Even"), ("The ellipse", r"\text{an ellipse}")],
    "approximation": [
        (r"\frac{1+\sqrt{97}}{8} \approx 1.36", r"\frac{1+\sqrt{97}}{8}"),
        (r"\approx 8.24", "8.24"),
        ("11", r"x \approx 11"),
    ],
}

REFUSE: dict[str, list[tuple[str, str]]] = {
    "spelling": [(".039", "39"), ("12", "1 2"), ("2^{3}", "23")],
    "expression": [
        ("n", "n+1"),
        (r"\sqrt{x^2}", "x"),
        ("x^2", "x^3"),
        (r"\frac{a}{b}", r"\frac{b}{a}"),
        ("10^{20}+1", "10^{20}"),
        (r"\frac{n^2-n}{2}", r"\frac{n^2+n}{2}"),
        ("e", "2.7"),
        ("2e-7", "2e^{-7}"),
        ("0", "e^{-40}"),
        (r"\log_2 x", r"\log_3 x"),
    ],
    "mixed number": [(r"2\frac{1}{6}", r"\frac{2}{6}"), (r"2\frac13", r"3\frac12")],
    "rounding": [
        (r"\frac13", "0.3"),
        ("12.35", "12.4"),
        ("100", "100.4"),
        ("3", "2.999"),
        (r"\frac{600}{7}", "85.8"),
        ("785.12", "784"),
        ("0.5", "0.51"),
    ],
    "percent": [("50", "0.5"), (r"50\%", "5"), (r"5\%", "0.5")],
    "degrees": [("30", r"\frac{\pi}{6}"), (r"45^\circ", r"\frac{\pi}{3}"), ("2.2", r"126^\circ")],
    "unit": [(r"5\text{ cm}", r"5\text{ m}"), (r"2\text{ hours}", r"2\text{ minutes}"), ("12", r"13\text{ cm}")],
    "number base": [("1011_2", "1011_3"), ("1011_2", "1010")],
    "thousands": [("1,000", "1,001"), ("1234", "1,2,3,4")],
    "ordinal and count": [("12", r"11^{\mathrm{th}}"), ("3", "four")],
    "ratio": [("2:1", "1:2"), ("1:2:3", "1:3:2")],
    "list": [("5,1", "1, 6"), ("1,2", "1,2,3"), ("1,1", "1,2"), ("(1,2),(3,4)", "(2,1),(3,4)"), ("1,2", "1")],
    "set": [(r"\{1,2\}", "(1,2)"), (r"\{1,2,3\}", r"\{1,2\}")],
    "tuple": [("(1,2)", "(2,1)"), ("(1,2)", "2,1"), ("(3,2)", "(2,2)")],
    "plus minus": [(r"\pm 2", "2"), (r"1\pm\sqrt2", r"1+\sqrt2, 1-\sqrt3"), ("2", r"\pm 2")],
    "matrix": [
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix}"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \\ 3 \end{pmatrix}"),
    ],
    "interval and inequality": [
        ("(-2,7)", "[-2,7]"),
        ("[-2,7]", "(-2,7]"),
        ("k < -5", "k > -5"),
        (r"(-\infty,-5)", r"(-5,\infty)"),
        (r"[0,\infty)", "[0,1)"),
        (r"(1,2)\cup(2,3)", "(1,3)"),
        (r"[k\pi, k\pi+1]", r"(k\pi, k\pi+1)"),
        ("(3,2)", "(1,1)"),
        ("(1,2)", "x > 1, y < 2"),
        ("x < 3", "2x < 3"),
        (r"(\frac35, 2]", "(0.7, 2]"),
    ],
    "region in words": [
        (r"\mathbb{R}", "all integers"),
        ("x > 3", "all real numbers less than 3"),
        ("(1,3)", "between 1 and 4"),
        (r"\emptyset", "0"),
        ("x>2", "x is at least 2"),
    ],
    "name": [("x=5", "y=5"), ("5", "2x = 5"), ("0", "2x - y + 8 = 0"), ("a=1, b=2", "a=2, b=1"), ("5", "5 = 6")],
    "bound variable": [
        ("f(x)=x", "f(z)=z^2"),
        (r"2k\pi", r"n\pi"),
        ("n+1", "m+1"),
        ("x^2+C", "x^2"),
    ],
    "equation": [
        ("2x+y=4", "2x+y=5"),
        ("2x+z=1", "1"),
        ("xy=6", r"\frac{6}{x+1}"),
        ("y^2=x", r"\sqrt{x}"),
        ("y=2x", "x=2y"),
    ],
    "ordering": [("a > b > c", "a > c > b"), ("a > b", r"a \ge b")],
    "clock": [(r"4:30\text{ p.m.}", "4:30 am"), ("3:05", "3:50")],
    "choice": [("B", "A"), ("B", "A and B"), ("B", "B + 1"), ("(C)", "(A), (C)"), ("B", "AB")],
    "words": [(r"\text{even}", "odd"), ("ellipse", "circle")],
    "approximation": [(r"\frac{1+\sqrt{97}}{8} \approx 1.36", "1.47")],
}


def cases(table: dict[str, list[tuple[str, str]]]) -> list:
    return [pytest.param(*pair, id=f"{rule}-{pair[0]}-{pair[1]}") for rule, pairs in table.items() for pair in pairs]


@pytest.mark.parametrize(("gold", "answer"), cases(ACCEPT))
def test_accepts(gold: str, answer: str) -> None:
    assert rules.decide(gold, answer)[0] is True


@pytest.mark.parametrize(("gold", "answer"), cases(REFUSE))
def test_refuses(gold: str, answer: str) -> None:
    assert rules.decide(gold, answer)[0] is not True


def test_every_rule_has_both_sides() -> None:
    assert ACCEPT.keys() == REFUSE.keys()
