"""Texts to attack a verifier with: golds that differ from each other for certain, answers that hedge, and random LaTeX.

`fuzz_verifier.py` and the tests in tests/rewards/equivalence use them.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

# No two of these are the same answer to anything.
DIFFERENT = (
    *"ABCDE", *"xykntm", r"\pi", "e", "i", r"\infty", "AC", "mn", "PQ", "k+1", "a-b", "b-a", r"2\pi", "xy", "x+y",
    "x-y", "0", "1", "2", "-1", "5", "7", "72", "-72", "204", "1011", "0.5", r"\frac{1}{3}", r"\sqrt{2}",
    r"\frac{\pi}{6}", "10^{10}", "10^{10}+1", "e^{-1000}", "e^{-2000}", r"10^{20}\pi", r"10^{20}\pi+1",
    r"\frac{1}{2004!}", "(1,2)", "[1,2]", "(2,1)", r"\{3,4,5\}", r"(-\infty,5)", r"(5,\infty)", r"[5,\infty)",
    r"\{5,7\}", r"\{1,2\}", "f(x)=x", r"x^2+1", "x^2-1", "f(x)=3x", "f(x)=2x", "y=2x+1",
    r"\text{yes}", r"\text{no}", r"\emptyset",
    r"\mathbb{R}", r"n \equiv 1 \pmod 4", r"n \equiv 2 \pmod 4", "6 cm", "6 m", "73 kg", r"45^\circ",
    r"\begin{pmatrix}3\\1\end{pmatrix}", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "4:30 p.m.", r"p \lor q",
    r"p \land q", "2:3", r"3\sqrt{2}", "x=3", "x=8",
)  # fmt: skip
_NAMES = ("n", "k", "x", "C", "A", "a", "t")
# Answers that claim much: a variable that they declare themselves, everything, nothing, several at once.
_CLAIMS = (
    r"{n}, {n} \in \mathbb{{Z}}", r"{n} \text{{ where }} {n} \text{{ is a constant}}", r"{n} \text{{ for any }} {n}",
    r"{n} \in \mathbb{{R}}", r"\forall {n}", r"{n}={n}", r"{n} \ge 0", r"\text{{any }} {n}",
    r"c{n}, c \in \mathbb{{R}}", r"{n}+C", r"{n}k\pi, k \in \mathbb{{Z}}", r"{n} \pmod 1", r"0 \pmod {n}",
    r"{n} \ne {n}", r"|{n}|", r"\pm {n}", r"{n}, \ldots", r"\{{{n}\}}", r"({n})", r"f({n})={n}", r"f({n})=c",
    r"{n} \mid {n}", r"\sqrt{{{n}^2}}", r"{n}/{n}", r"0 \cdot {n}", r"{n}^0", r"\text{{A constant }} {n}", r"{n}_1",
    r"{n}'", r"\overline{{{n}}}", r"\text{{let }} {n}",
)  # fmt: skip
_CATCH_ALL = (
    r"0 \pmod 1", r"0 \pmod 2", "xy, \\text{ where } x, y \\text{ are constants}", "0=0", "1=1", r"\infty-\infty",
    r"\frac{0}{0}", r"0\cdot\infty", r"\text{nan}", "nan", "inf", r"\text{answer}", r"\text{all}", r"\text{anything}",
    r"\text{all real numbers}", r"\text{any number}", r"\text{true}", r"\text{both}", r"\ldots", "?", "*", r"\text{ }",
    "\\\\", "\\ ", r"\text{}", "{}", r"\begin{cases} \end{cases}",
    r"\{\}", "()", "[]", "||", "...", r"\cdot", "=", r"\text{A or B}", "A, B, C, D, E", "(A)(B)", r"\text{A and B}",
    "x+1=0", "ax+b=0", "2x=5", "x^2=5", "5,7", "5;7", r"\{5\}\{7\}", "57", r"5\text{ or }7", "-2,7", r"1\pm1",
    r"\text{no solution}", r"\text{none}", "-", "+", "1,2,...", r"\text{not } 5", r"\text{5 million}", "5%", r"5\%",
    "5 PM", "5_2", "05", "5.0", "5.", "+5", "--5", "5!", "5'", "5^1", r"5^\circ", "0x5", "5e0", "5j", "V", "five",
)  # fmt: skip


def hedges() -> list[str]:
    """Return answers that claim more than one thing, or nothing at all."""
    found = list(_CATCH_ALL)
    for claim in _CLAIMS:
        for name in _NAMES:
            found.append(claim.format(n=name))
    for left, right in zip(DIFFERENT, DIFFERENT[1:], strict=False):
        for joint in (", ", "; ", r" \text{ or } ", r" \text{ and } ", "=", r"\cup ", r"\pm ", ":", " "):
            found.append(left + joint + right)
    return found


def texts(folder: Path) -> list[str]:
    """Return every gold and answer of the evaluation sets, once each, those of pairs that attack graders first."""
    found: dict[str, None] = {}
    for name in (
        "verify_reports",
        "verify_hard_125",
        "olymmath_en_hard",
        "olymmath_en_easy",
        "math500",
        "math_train_7474",
    ):
        for line in (folder / f"{name}.jsonl").read_text().splitlines():
            row = json.loads(line)
            for key in ("gold", "answer", "ground_truth", "equivalent", "not_equivalent"):
                text = str(row.get(key) or "").strip().strip("$")
                if 0 < len(text) <= 200:
                    found[text] = None
    return list(found)


# Operations at their limits: what a number is raised to, chosen from, summed to.
_HUGE = (
    "9", "99", "2^{10}", "2024", "9999", "10^{4000}", "2^{2024}", "9^{9^9}", "10^{10^{10}}", "e^{1000}", "-10^{20}",
    "0", "1.0000001", "10^{-400}", r"\pi", "i", "x", "n", "(x+1)", "99999999999999999999", r"\frac{1}{3}", "2000!",
    "n!", "1+i", r"\sqrt{2}", "0.1", "1e300", "1e-300", "8000", "8001", "2500", "2501", r"\infty", r"10^{12}\pi",
    "7" * 300,
)  # fmt: skip
_WRAPPERS = (
    r"\binom{{{a}}}{{{b}}}", "({a})^{{{b}}}", "{a}^{{{b}^{{{a}}}}}", "({a})!", "(({a})!)!", "({a})!!",
    r"\frac{{({a})!}}{{({b})!}}", r"\sin({a})", r"\tan(\frac{{{a}}}{{{b}}})", r"\ln({a})", r"\log_{{{a}}}({b})",
    r"e^{{{a}}}", r"\sqrt[{a}]{{{b}}}", r"\lfloor {a} \rfloor", r"\lceil {a}\cdot{b} \rceil", r"\arcsin({a})",
    r"\frac{{{a}}}{{{b}}}", "({a})({b})", "({a})+({b})", "({a})-({b})", r"|{a}|", r"\cosh({a})", "({a})^{{-{b}}}",
    r"{a}^\circ", "C_{{{a}}}^{{{b}}}", r"\{{{a},{b}\}}", r"({a},{b}]", r"x>{a}", r"x={a}", r"{a} \pmod{{{b}}}",
    r"\sum_{{k=1}}^{{{a}}} {b}", r"\prod_{{k=1}}^{{{a}}} k", r"{a}\%", r"{a} \text{{ cm}}",
    r"\begin{{pmatrix}}{a}&{b}\end{{pmatrix}}", r"{a} \pm {b}", r"{a}:{b}", r"{a}={b}",
    r"1+\frac{{1}}{{{a}+\frac{{1}}{{{b}}}}}",
)  # fmt: skip


def monster(random_: random.Random, depth: int = 3) -> str:
    """Return a formula whose operations are at their limits, inside each other."""
    if depth == 0 or random_.random() < 0.2:
        return random_.choice(_HUGE)
    wrapper = random_.choice(_WRAPPERS)
    return wrapper.format(a=monster(random_, depth - 1), b=monster(random_, depth - 1))


def long_text(random_: random.Random) -> str:
    """Return a text of up to 4,000 characters that repeats one part: what could cost its square."""
    part = random_.choice(
        ["(", "[", "{", r"\{", "1,", "x+", r"\frac{1}{", r"\text{a} ", r"\text{where } c ", r"\pm 1,", "a b ", "1 000 ",
         r"\sqrt{", "|", "^{2", "_{1", "x=", "<x", r"\cup(1,2)", ";", r"\text{and }", ":", "! ", "2^", "-", "7", "{}",
         r"\left(", r"\begin{pmatrix}", "&", r"\\", "=", "‹a›", "n!", r"\ ", "\t", "é", ".1", "1.", "A ", r"\pi k,"]
    )  # fmt: skip
    other = random_.choice(["", "1", "x", ")", "}", monster(random_, 1)])
    count = random_.choice([10, 100, 500, 4000]) // max(len(part + other), 1)
    return (part + other) * max(count, 1)


def changed(random_: random.Random, text: str) -> str:
    """Return a text with a few parts taken out, doubled, or exchanged."""
    for _ in range(random_.randint(1, 3)):
        at, end = sorted(random_.choices(range(len(text) + 1), k=2))
        piece = random_.choice(["", text[at:end] * 2, random_.choice(_HUGE), random_.choice(_CATCH_ALL)])
        text = text[:at] + piece + text[end:]
    return text[:4000]


def renumbered(random_: random.Random, text: str) -> str:
    """Return a text with one of its numbers exchanged: as well formed as before, and another answer."""
    numbers = list(re.finditer(r"\d+", text))
    if not numbers:
        return text
    number = random_.choice(numbers)
    return text[: number.start()] + str(random_.randint(0, 120)) + text[number.end() :]


def endless(random_: random.Random, known: list[str]) -> Iterator[tuple[str, str]]:
    """Yield random answers of every sort, each with a known text near it, for as long as somebody asks."""
    while True:
        near = random_.choice(known)
        kind = random_.randrange(5)
        if kind == 0:
            yield monster(random_)[:4000], near
        elif kind == 1:
            yield long_text(random_)[:4000], near
        elif kind == 2:
            yield near, near
        elif kind == 3:
            yield changed(random_, near), near
        else:
            yield random_.choice(_CLAIMS).format(n=near), near
