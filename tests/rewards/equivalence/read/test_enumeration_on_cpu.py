"""Texts that stand for several answers."""

import pytest

from still_verl.rewards.equivalence.read.enumeration import MAX_ITEMS, expand_signs, fill_dots


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("5", ["5"]),
        ("a±b∓c", ["a+b-c", "a-b+c"]),
        ("(±1,2)", ["(+1,2)", "(-1,2)"]),
        ("(±1,±2)", ["(+1,+2)", "(+1,-2)", "(-1,+2)", "(-1,-2)"]),
    ],
)
def test_signs(text: str, written: list[str]) -> None:
    assert expand_signs(text) == written


@pytest.mark.parametrize(
    ("parts", "written"),
    [
        ("1 3 … 9", "1 3 5 7 9"),
        ("9 6 … 0", "9 6 3 0"),
        ("n=1 … 4", "n=1 2 3 4"),
        ("1 3 … 8", "1 3 … 8"),  # the step does not meet the last
        ("1 1 … 1", "1 1 … 1"),
        ("a b … 9", "a b … 9"),
        ("… 9", "… 9"),
    ],
)
def test_dots(parts: str, written: str) -> None:
    assert fill_dots(parts.split()) == written.split()


def test_dots_that_stand_for_too_many_items_stay() -> None:
    assert len(fill_dots(["1", "…", str(MAX_ITEMS + 1)])) == MAX_ITEMS + 1
    assert fill_dots(["1", "…", str(MAX_ITEMS + 2)]) == ["1", "…", str(MAX_ITEMS + 2)]
