"""What is taken off around a problem, and what of it stays."""

import pytest

from still_verl.curation.unwrap import unwrapped

BOXES = "A box has red and blue balls. If 3 of 5 are red, how many are blue?"
WALK = "A man walks step by step ten steps. How far is he?"


LAST_LINE = (
    "Solve the following math problem efficiently and clearly. The last line of your response should be of the "
    "following format: 'Therefore, the final answer is: $\\boxed{ANSWER}$. I hope it is correct' (without quotes) "
    "where ANSWER is just the final number or expression that solves the problem. Think step by step before answering."
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"Put your final answer within \\boxed{{}}: {BOXES}", BOXES),
        (f"Think step-by-step: {WALK}", WALK),
        (f"Solve this math problem step by step.\n{WALK}", WALK),
        (f"{LAST_LINE}\n\n{WALK}", WALK),
        (f"{WALK}\nExpress your final answer in \\boxed{{}}.", WALK),
    ],
)
def test_an_instruction_alone_comes_off(text: str, problem: str) -> None:
    """The first sentence of the problem was taken off, too."""
    assert unwrapped(text) == problem


@pytest.mark.parametrize(
    "problem",
    [
        "Solve this problem for a fair coin and a loaded die.\nWhat is the expected value?",
        "Below is a problem about answers to a quiz.\nHow many of them are right?",
        "Find all primes\nsuch that the sum is even, put the answer in \\boxed{}",
        "Compute the sum. Round your answer to the nearest hundredth and put it in \\boxed{}.",
        "Compute the sum. Leave your answer in simplest radical form within \\boxed{}",
        "Compute the sum. Express your answer as a common fraction, inside \\boxed{}",
        "A machine gives a response in <answer> tags. What is the probability that it is right?",
        "A user gives a response in <answer> tags. What is the probability that it is right?",
        "How probable is it? A user gives the response in <answer> tags.",
    ],
)
def test_a_sentence_of_the_problem_stays(problem: str) -> None:
    """A form of the value that is asked for, and a premise, were taken for a template."""
    assert unwrapped(problem) == problem


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "answer " + ": " * 150_000,
        "answer " + "[/INST]" * 50_000 + "x",
        "answer [" + " " * 100_000 + "x",
        "answer \\boxed" + " " * 100_000 + "请x",
        "answer " + "put in \\boxed " * 20_000,
        "think " * 50_000 + "step by step",
    ],
)
def test_a_long_text_takes_linear_time(text: str) -> None:
    """One of 32,000 characters took 11 seconds."""
    unwrapped(text)
