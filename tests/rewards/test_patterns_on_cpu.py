"""Patterns of a data source, against all short texts."""

from itertools import product

import pytest

from still_verl.rewards.patterns import matches, overlap

TEXTS = ["".join(letters) for length in range(6) for letters in product("ab", repeat=length)]
PATTERNS = ["".join(letters) for length in range(4) for letters in product("ab*?", repeat=length)]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("gsm8k", "gsm8k", True),
        ("gsm8k", "gsm8k-main", False),
        ("openai/*", "openai/gsm8k", True),
        ("*", "", True),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("math*", "Math", False),
        ("a*", "a\nb", True),
        ("数学?", "数学1", True),
    ],
)
def test_a_pattern(pattern: str, text: str, found: bool) -> None:
    assert matches(pattern, text) is found


def test_two_patterns_overlap_where_some_text_is_matched_by_both() -> None:
    matched = {pattern: {text for text in TEXTS if matches(pattern, text)} for pattern in PATTERNS}
    for first, second in product(PATTERNS, repeat=2):
        assert overlap(first, second) == bool(matched[first] & matched[second]), (first, second)


def test_long_patterns_are_compared_at_once() -> None:
    assert not overlap("*a" * 100 + "b", "*a" * 100 + "c")
