"""Evaluation problems are found however they are hidden; problems that only share a template are kept."""

import random
import sys
from pathlib import Path

import pytest
from raw_problems import PROBLEMS

from still_verl.curation.leaks.decide import Finding, look_for, replaced_number
from still_verl.curation.leaks.index import EvaluationIndex
from still_verl.curation.tokens import tokens_of
from still_verl.rewards.equivalence.verify import verify

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from planted import TRANSFORMS, WRAPPERS, other_number  # noqa: E402

SHORT = ("Compute $\\sin 60^\\circ$.", "\\frac{\\sqrt{3}}{2}")


@pytest.fixture(scope="module")
def index() -> EvaluationIndex:
    problems = [*PROBLEMS, SHORT]
    return EvaluationIndex([("exam", str(number), text, answer) for number, (text, answer) in enumerate(problems)])


def look(index: EvaluationIndex, text: str, answer: str | None) -> Finding | None:
    def same_answer(other: str) -> bool | None:
        return None if answer is None else bool(verify(answer, other))

    return look_for(index, tokens_of(text), same_answer)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("number", range(len(PROBLEMS)))
def test_a_hidden_problem_is_a_leak(index: EvaluationIndex, name: str, number: int) -> None:
    text, answer = PROBLEMS[number]
    for seed in range(5):
        hidden = TRANSFORMS[name](text, random.Random(seed))
        found = look(index, hidden, answer)
        assert found is not None and found.outcome in ("leak", "suspect"), hidden
        is_short = len(tokens_of(text).all) < 20
        assert found.outcome == "leak" or name == "everything" or is_short, hidden
        assert found.proposal.problem.id == str(number)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("number", range(len(PROBLEMS)))
def test_another_number_is_no_leak_whatever_the_answer_and_the_prompt(
    index: EvaluationIndex, wrapper: str, number: int
) -> None:
    text, answer = PROBLEMS[number]
    pick = random.Random(number)
    for _ in range(5):
        changed = wrapper.format(other_number(text, pick))
        for claimed in (answer, "999", None):
            found = look(index, changed, claimed)
            assert found is None or found.outcome == "template", (changed, found)


def test_a_short_problem_must_be_there_as_a_whole(index: EvaluationIndex) -> None:
    text, answer = SHORT
    same = look(index, "Compute $\\sin(60^{\\circ})$", answer)
    assert same is not None and same.outcome == "leak"
    assert look(index, "Compute $\\cos 30^\\circ$.", answer) is None
    assert look(index, "Compute $\\sin 60^\\circ + \\cos 45^\\circ$.", "1") is None
    rounded = look(index, "Compute $\\sin 60^\\circ$. Give a decimal fraction.", "0.9")
    assert rounded is not None and rounded.outcome == "suspect"
    assert look(index, f"Compute $\\sin 60^\\circ$. {'Then tell a story. ' * 8}", "0.9") is None


def test_the_same_text_with_another_answer_is_a_suspect(index: EvaluationIndex) -> None:
    found = look(index, PROBLEMS[0][0], "11")
    assert found is not None and found.outcome == "suspect"


def test_another_problem_is_nothing(index: EvaluationIndex) -> None:
    assert look(index, "A train leaves at noon and drives 60 km an hour. When does it arrive?", "265") is None


def test_a_problem_in_a_long_text_is_found_where_it_stands(index: EvaluationIndex) -> None:
    text, answer = PROBLEMS[3]
    noise = "The weather was fine, and nobody had expected it to last for so long. " * 40
    found = look(index, f"{noise}{text} {noise}", answer)
    assert found is not None and found.outcome == "leak"
    assert found.proposal.end - found.proposal.start < 150


def test_a_sentence_that_moved_changes_no_number() -> None:
    problem = "he has 3 cats . she has 5 dogs . who has more".split()
    assert replaced_number(problem, "she has 5 dogs . he has 3 cats . who has more".split()) == ""
    assert replaced_number(problem, "5 he has 3 cats . she has 7 dogs . who has more".split()) == "7 for 5"


def test_an_index_without_problems_finds_nothing() -> None:
    assert look(EvaluationIndex([]), PROBLEMS[0][0], "1") is None


def test_a_problem_that_lost_its_end_is_a_suspect(index: EvaluationIndex) -> None:
    text, answer = PROBLEMS[0]
    found = look(index, text.replace("A storm destroys $57$ of the tulips.", ""), answer)
    assert found is not None and found.outcome == "suspect"


def test_capitals_hide_nothing(index: EvaluationIndex) -> None:
    text, answer = PROBLEMS[3]
    found = look(index, text.upper(), answer)
    assert found is not None and found.outcome == "leak"


def test_numbers_in_words_are_those_of_the_problem_and_others_are_not(index: EvaluationIndex) -> None:
    """A problem with another number in words was once a leak, and one with its own numbers in words was none."""
    text, answer = PROBLEMS[0]
    words = text.replace("$14$", "fourteen").replace("$23$", "twenty-three").replace("$57$", "fifty-seven")
    same = look(index, words, answer)
    assert same is not None and same.outcome == "leak"
    for other in (words.replace("twenty-three", "twenty-four"), text.replace("$57$", "fifty-eight")):
        for claimed in (answer, "999", None):
            found = look(index, other, claimed)
            assert found is None or found.outcome == "template", other


def test_one_may_be_a_number() -> None:
    text = "A box has 1 red ball, 45 blue balls and 77 green balls. How many balls must be drawn to have three of one?"
    index = EvaluationIndex([("exam", "1", text, "6")])
    found = look(index, text.replace("1 red", "one red"), "6")
    assert found is not None and found.outcome == "leak"
    other = look(index, text.replace("1 red", "4 red"), "6")
    assert other is not None and other.outcome == "template"


def test_an_evaluation_that_has_each_problem_many_times_hides_none() -> None:
    """Sets for avg@32 repeat each problem: all of its shingles counted as common, and no leak at all was found."""
    once = [("exam", str(number), text, answer) for number, (text, answer) in enumerate(PROBLEMS)]
    index = EvaluationIndex(once * 32)
    assert len(index.problems) == len(PROBLEMS)
    for text, answer in PROBLEMS:
        found = look(index, text, answer)
        assert found is not None and found.outcome == "leak", text


def test_a_chinese_problem_is_found_with_other_words_around_its_numbers() -> None:
    text = "甲乙两地相距480千米,一辆客车从甲地开往乙地,每小时行65千米,一辆货车从乙地开出,每小时行55千米,几小时后相遇?"
    index = EvaluationIndex([("exam", "1", text, "4")])
    retyped = text.replace("相距", "之间的距离是").replace("客车", "轿车").replace("几小时后", "经过几小时")
    found = look(index, f"请解答下面的问题:{retyped}", "4")
    assert found is not None and found.outcome == "leak"
    other = look(index, text.replace("480", "600"), "5")
    assert other is not None and other.outcome == "template"
