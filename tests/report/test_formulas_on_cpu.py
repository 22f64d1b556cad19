"""Formulas of samples: found as in Pandoc, drawn as MathML of a few elements, in bounded time and room."""

import json
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from still_verl.report.formulas import convert, render
from still_verl.report.formulas.find import LONGEST, MOST, formulas_in

# A converter in plain Python takes twice as long for each: 2 ** 33 steps.
ENDLESS = "$'" + r"\stackrel" * 32 + "$"
HOSTILE = [
    r"$\href{javascript:alert(1)}{x}$",
    r"$\text{<script>alert(1)</script>}$",
    r"$\style{position:fixed}{x}$",
    r"$\class{card}{x}$",
    r"$\hspace{99999cm}x$",
    r"$\rule{9999em}{9999em}$",
    r"$\color{url(http://x)}x$",
    "$" + "{" * 149 + "}" * 149 + "$",
    r"$\newcommand{\a}{\a\a}\a$",
    "$\ud800$",
    "$\x00$",
    ENDLESS,
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"so $x^2$, \(y\) and \[z\] or $$w$$", ["$x^2$", r"\(y\)", r"\[z\]", "$$w$$"]),
        ("it costs $5 and $10, or US$3 and $4", []),
        (r"\$x$ and $ y $ and $", []),
        ("$x$ and again $x$", ["$x$"]),
        ("two\n$$\na +\nb\n$$\nlines", ["$$\na +\nb\n$$"]),
        ("$a\nb$", []),
        (f"${'x' * (LONGEST + 1)}$", []),
    ],
)
def test_where_formulas_are(text: str, found: list[str]) -> None:
    assert formulas_in([text]) == found


def test_the_number_of_formulas_is_bounded() -> None:
    assert len(formulas_in([" ".join(f"${number}$" for number in range(2 * MOST))])) == MOST


def test_a_formula_is_a_tree() -> None:
    half = ["mfrac", {}, [["mrow", {}, [["mn", {}, "1"]]], ["mi", {}, "x"]]]
    formula = r"$\frac{1}x$"
    assert render.render([formula]) == {formula: ["math", {"display": "inline"}, [["mrow", {}, [half]]]]}


def test_what_the_converter_does_not_know_stays_as_it_was_written() -> None:
    drawn = render.render([r"$\nosuch{x}$", "$x^2^3$", r"\[\left( x\]", "$y$"])
    assert list(drawn) == ["$y$"]


def names_in(tree: convert.Tree) -> set[str]:
    name, attributes, inside = tree
    found = {name, *attributes}
    for part in inside if isinstance(inside, list) else []:
        found |= names_in(part)
    return found


def test_hostile_formulas_are_harmless_and_take_no_time() -> None:
    began = time.monotonic()
    drawn = render.render([*HOSTILE, "$y$"])
    assert time.monotonic() - began < 10 and "$y$" in drawn and ENDLESS not in drawn
    for tree in drawn.values():
        assert names_in(tree) <= convert.ELEMENTS | convert.ATTRIBUTES | {"width"}
        assert len(json.dumps(tree)) <= convert.LARGEST
    assert not [value for value in ("9999", "javascript", "url") if value in json.dumps(list(drawn.values()))]


def test_time_and_room_of_a_page_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = [f"$x_{{{number}}}$" for number in range(20)]
    slow = [ENDLESS.replace("'", "'" * count) for count in range(1, 30)]
    monkeypatch.setattr(render, "SECONDS", 1.5)
    began = time.monotonic()
    assert set(render.render([*ordinary, *slow])) == set(ordinary) and time.monotonic() - began < 5
    monkeypatch.setattr(render, "TOTAL", 500)
    assert 0 < len(render.render(ordinary)) < 6


def test_a_folder_with_a_file_that_is_called_like_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.chdir(tmp_path)
    assert "$x$" in render.render(["$x$"])


def test_every_element_is_one_of_mathml() -> None:
    """They are made by name: none may load or run something."""
    assert not convert.ELEMENTS & {"maction", "annotation", "annotation-xml", "semantics", "mglyph", "script", "style"}
    assert not convert.ATTRIBUTES & {"href", "style", "class", "id", "src", "actiontype"}
    with pytest.raises(convert.Refused, match="maction"):
        convert._checked(ElementTree.fromstring("<mrow><maction/></mrow>"), 9)
