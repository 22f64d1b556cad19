"""The parity cases of the Zero format, with the study's three artefacts put right."""

import pytest

from still_verl.rewards.format import zero_format_fault

GOOD = "a</think>\n<answer>1</answer>"


@pytest.mark.parametrize(
    "response",
    [
        GOOD,
        GOOD + "<|endoftext|>",
        GOOD + "<|im_end|>",
        GOOD + "\n<|im_end|>",  # artefact 1: the study stripped before it removed the end token
        GOOD + "<｜end▁of▁sentence｜>",  # artefact 2: an end token it did not know
        "Assistant: " + GOOD,  # artefact 3: it cut the text at the last "Assistant:"
        GOOD + "\n<|im_end|>\n<|endoftext|>\n",
        "\n a b \n</think> <answer>\n1\n</answer>\n",
    ],
)
def test_well_formed(response: str) -> None:
    assert zero_format_fault(response) == ""


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (GOOD + " so it is", "outside"),
        ("a</think> hence <answer>1</answer>", "between"),
        ("</think><answer>1</answer>", "empty"),
        ("a</think><answer> </answer>", "empty"),
        ("a</think><answer>1", "</answer> 0 times"),
        ("a and so on", "</think> 0 times"),
        ("a</think><answer>1</answer><answer>2</answer>", "<answer> 2 times"),
        ("<think>" + GOOD, "<think> 2 times"),
        ("<answer>1</answer>a</think>", "order"),
        ("", "</think> 0 times"),
    ],
)
def test_ill_formed(response: str, fault: str) -> None:
    assert fault in zero_format_fault(response)


def test_a_model_may_write_the_first_tag_when_the_prompt_does_not() -> None:
    assert zero_format_fault("<think>" + GOOD, prefilled=False) == ""
    assert "<think> 0 times" in zero_format_fault(GOOD, prefilled=False)
    assert "outside" in zero_format_fault("well, <think>" + GOOD, prefilled=False)
