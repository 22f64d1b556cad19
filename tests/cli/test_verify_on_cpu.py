"""`still-verl verify`: answers that look like options, the two readings, and how a verdict came about."""

import json

import pytest
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.cli.explain import explain, read_side


def verify(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["verify", *arguments])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("gold", "answer", "code", "said"),
    [
        ("0.5", r"\frac12", 0, "equal: formula (strict)"),
        ("-1", "-1", 0, "equal: exact (strict)"),
        ("-1", "1", 1, "different: "),
        ("-x", "-x", 0, "equal: "),
        ("-e^2", "-e^{2}", 0, "equal: "),
        ("-3", "-3.0", 0, "equal: "),
        ("--1", "1", 0, "equal: "),
        ("#### -72", "-72", 0, "equal: "),
        ("{'answer': '-72'}", "-72", 0, "equal: "),
        ("3", "((9!)!)!", 2, "undecided: "),  # too large; on a busy machine it may be out of time before
        ("nan", "nan", 2, "undecided: ground_truth='nan' cannot be read"),
    ],
)
def test_it_says_why_and_exits_by_the_verdict(gold: str, answer: str, code: int, said: str) -> None:
    exit_code, output = verify(gold, answer)
    assert (exit_code, said in output) == (code, True), output


def test_the_reading_is_said_and_may_be_lenient() -> None:
    assert "(lenient)" in verify("--lenient", "1/2", "0.5")[1]
    assert "(lenient)" in verify("-1", "-1", "--lenient")[1]


def test_an_option_that_does_not_exist_is_refused() -> None:
    assert verify("1", "1", "--lenent")[0] == 2


def test_explain_shows_how_each_side_was_read_and_what_compared_them() -> None:
    code, output = verify("(-1, 2)", "[-1, 2]", "--explain")
    assert code == 1
    for shown in ("region: (-1, 2)", "region: [-1, 2]", "collection: (-1, 2)", "same_region", "strict reading"):
        assert shown in output, output


@pytest.mark.parametrize(
    "answer", ["((9!)!)!", "[red]x[/red]", "", "}{", "9" * 5000, "(" * 200, r"\text{no}", "x \x1b[31m"]
)
def test_explain_shows_any_answer(answer: str) -> None:
    code, output = verify("5", "--explain", "--", answer)
    assert code in (1, 2) and "How each side was read" in output


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (r"n \equiv 5 \pmod 4", "named: n = 1 mod 4"),
        ("10:30 am", "10 [am]:30 [am]"),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "collection: [(1, 2); (3, 4)]"),
        (r"\begin{cases} x & x>0 \\ -x & x \le 0 \end{cases}", "(x, (0, ∞)); (-x, (-∞, 0])"),
        (r"\{1, 2\}", "collection: {1, 2}"),
        (r"1 \text{ or } 2", "collection: one of 1, 2"),
    ],
)
def test_explain_writes_every_kind_of_value_as_people_do(answer: str, shown: str) -> None:
    assert any(shown in kind for kind in read_side(answer).kinds), read_side(answer).kinds


def test_json_has_everything_on_one_line() -> None:
    code, output = verify("-1/2", "-0.5", "--json")
    told = json.loads(output)
    assert code == 0 and output.count("\n") == 1
    assert told["result"] == "equal"
    assert told["verdict"] == {"equal": True, "reason": "formula", "decided": True, "reading": "strict"}
    assert told["gold"]["kinds"] == ["formula: -1/2"]
    assert told["steps"] == [{"rule": "same_formula", "gold": "-1/2", "answer": "-0.5", "equal": True}]


def test_of_alternatives_the_one_that_decided_is_shown() -> None:
    explained = explain(["3", "4"], "4.0")
    assert explained.gold is not None and explained.gold.text == "4"
    assert explained.verdict.equal and explained.steps[-1].equal
