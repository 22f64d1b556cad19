"""Boxes and open thoughts."""

import pytest

from still_verl.monitor.marks import mark_metrics


@pytest.mark.parametrize(
    ("texts", "share"),
    [
        (["<think>a</think> b", "<think>a"], 0.5),
        (["<think>a</think> <think>b", "no thoughts"], 0.5),
        (["a</think> b", "cut in the middle"], 0.5),
        (["<|begin_of_thought|>a<|end_of_thought|>", "<|begin_of_thought|>"], 0.5),
        (["<think>a</think>", "<reasoning>b"], 0.5),
        (["a", "b"], 0.0),
    ],
)
def test_a_thought_is_open_at_the_end(texts: list[str], share: float) -> None:
    assert mark_metrics(texts)["thoughts/unclosed"] == share


def test_boxes_are_counted() -> None:
    found = mark_metrics([r"\boxed{1} or \boxed {2}", r"\fbox{1}", "boxed{1}", ""])
    assert (found["boxes/mean"], found["boxes/several"]) == (0.75, 0.25)
    assert mark_metrics([]) == {}
