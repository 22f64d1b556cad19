"""Which problem of a training set a sample is of."""

import pytest

from still_verl.curation.difficulty.matching import NOT_THERE, OTHER_ANSWER, SEVERAL, Matcher, NoMatch
from still_verl.curation.difficulty.training_set import Question
from still_verl.evaluation.rows import Row

LONG = "A farmer has 12 cows and sells 5 of them. How many cows has the farmer then?"
LONGER = f"{LONG} He buys 9 more. How many cows has he in the end?"
QUESTIONS = [
    Question("a", LONG, "7"),
    Question("b", LONGER, "16"),
    Question("c", "What is 2+2?", "4"),
    Question("d", "What is 2+2?", "100"),
    Question("e", LONG.upper(), "7.0"),
]


def find(prompt: str = "", problem: str = "0", answer: str | None = None) -> int:
    return Matcher(QUESTIONS).find(Row("samples", problem, 0, prompt=prompt, answer=answer))


def test_rows_with_one_text_are_one_problem_if_their_answers_are() -> None:
    assert Matcher([*QUESTIONS[:4], Question("f", LONG.lower(), "7")]).problem_of == [0, 1, 2, 3, 0]


@pytest.mark.parametrize(
    "prompt",
    [
        LONG,
        f"system\nYou are helpful.\nuser\n{LONG}\nPlease reason step by step.\nassistant\n",
        f"<|im_start|>user\n{LONG.replace(' ', '  ')}<|im_end|>\n<|im_start|>assistant\n<think>",
        f"User: {LONG} Assistant:",
    ],
)
def test_a_template_does_not_matter(prompt: str) -> None:
    matcher = Matcher(QUESTIONS[:4])
    assert matcher.find(Row("samples", "0", 0, prompt=prompt)) == 0
    assert matcher.find(Row("samples", prompt, 0)) == 0
    with pytest.raises(NoMatch, match=OTHER_ANSWER[:40]):
        matcher.find(Row("samples", "0", 0, prompt=prompt, answer="8"))


@pytest.mark.parametrize("prompt", ["user\nWhat is 2+2?\nassistant\n", "<|im_start|>user\nWhat is 2+2?<|im_end|>\n"])
def test_a_short_problem_fills_a_line(prompt: str) -> None:
    assert find(prompt, answer="4.0") == 2 and find(prompt, answer="100") == 3
    for other in ("user\nWhat is 2+2? And 3+3?\nassistant", "Say what is 2+2? now"):
        with pytest.raises(NoMatch, match=NOT_THERE[:20]):
            find(other)
    with pytest.raises(NoMatch, match=SEVERAL[:20]):
        find(prompt)  # no answer says which of the two


def test_the_longer_problem_counts_where_one_is_part_of_the_other() -> None:
    assert find(f"user\n{LONGER}\nassistant", answer="16") == 1


def test_examples_in_a_prompt_make_it_unclear() -> None:
    with pytest.raises(NoMatch, match=SEVERAL[:20]):
        find(f"Question: {LONGER}\nAnswer: 16\n\nWhat is 2+2?\n")


def test_an_id_counts_only_where_there_is_no_text() -> None:
    matcher = Matcher(QUESTIONS[:4])
    assert matcher.find(Row("samples", "b", 0)) == 1
    with pytest.raises(NoMatch, match=NOT_THERE[:20]):
        matcher.find(Row("samples", "b", 0, prompt="Quite another problem of another set, with this id"))
    assert matcher.find(Row("samples", f"{LONG} [7]", 0, answer="7")) == 0
