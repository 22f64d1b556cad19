"""Scripts of responses, and characters that no language has."""

import pytest

from still_verl.monitor.scripts import NAMES, count_scripts, is_mixed, script_metrics

COUNTED = [
    ("Thus x = 2", {"latin": 5}),
    ("naïve ﬁx ＡＢ", {"latin": 9}),
    ("∠α ≤ 𝑥 ∈ ℝ, 10 €", {"greek": 1, "latin": 2}),
    ("等等 wait", {"han": 2, "latin": 4}),
    ("これは漢字 カ", {"kana": 4, "han": 2}),
    ("안녕 да नमस्ते שלום سلام ไทย", {"hangul": 2, "cyrillic": 2, "arabic": 4, "other": 11}),
    ("ქართ", {"other": 4}),
    ("a\ufffd\x00\t\n\ue000\udc80", {"latin": 1, "broken": 4}),
    ("123 + 4 = !", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), COUNTED)
def test_letters_are_counted_by_script(text: str, expected: dict[str, int]) -> None:
    assert count_scripts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the answer is 等等", True),
        ("then the answer is seven, so we are done 等", False),
        ("漢字かな", False),
        ("αβγ x", False),
        ("да no", True),
    ],
)
def test_two_writing_systems_in_one_response_are_mixed(text: str, expected: bool) -> None:
    assert is_mixed(count_scripts(text)) is expected


def test_the_shares_of_a_step_add_up_to_1() -> None:
    found = script_metrics(["wait", "等等 да", "123", ""])
    assert found.pop("script/mixed") == 0.5
    assert set(found) == {f"script/{name}" for name in NAMES} and sum(found.values()) == pytest.approx(1)
    assert script_metrics(["123"]) == {}
