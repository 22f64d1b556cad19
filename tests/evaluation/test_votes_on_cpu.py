"""Votes for classes of equal answers."""

from collections import Counter

from still_verl.evaluation.exact import are_different_numbers
from still_verl.evaluation.rows import Row
from still_verl.evaluation.votes import equal_answers, with_votes
from still_verl.rewards.equivalence.verify import verify


def sample(pred: str | None, correct: bool | None, answer: str | None = "1/2") -> Row:
    return Row("b", "1", 0, answer=answer, pred=pred, correct=correct)


def test_equal_answers_are_one_class_named_by_the_most_frequent() -> None:
    counts = Counter([r"\frac{2}{4}", "0.50", "0.50", "x+1", "1+x", "7", "7.0", "(1,2)", "(1, 2)"])
    classes = equal_answers(counts)
    assert classes[r"\frac{2}{4}"] == classes["0.50"] == "0.50"
    assert classes["x+1"] == classes["1+x"] and classes["(1,2)"] == classes["(1, 2)"]
    assert len(set(classes.values())) == 4


def test_a_right_sample_votes_for_the_right_answer_and_silence_for_nothing() -> None:
    rows = [sample("0.5", True), sample("2/4", True), sample("3", False), sample("", False), sample(None, True)]
    assert [row.vote for row in with_votes(rows)] == ["1/2", "1/2", "3", None, None]


def test_the_shortcut_for_numbers_says_what_the_verifier_says() -> None:
    answers = ["5", "6", r"\frac{1}{2}", r"\frac{1}{3}", r"2\pi", r"\sqrt{2}", "007", "7", "2^3", "8", "-5", "e", "9!"]
    for left in answers:
        for right in answers:
            if are_different_numbers(left, right):
                assert not verify(left, right).equal, (left, right)
                assert not verify(left, right, "lenient").equal, (left, right)


def test_hostile_answers_cost_little_and_are_classes_of_their_own() -> None:
    hostile = ["((9!)!)!", "9^{9^{9^9}}", "{" * 5000, r"\sqrt{-1}", "\x00", "\ud800", "1/0"]
    assert set(equal_answers(Counter(hostile))) == set(hostile)


def test_of_very_many_answers_the_rare_ones_meet_the_frequent_ones() -> None:
    counts = Counter({f"{number} x": 1 for number in range(1000)})
    counts["y"] = 5
    counts["1y"] = 1
    assert equal_answers(counts)["1y"] == "y"
