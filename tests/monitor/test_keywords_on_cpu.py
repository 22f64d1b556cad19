import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from still_verl.monitor.keywords import ACTION, WORDS, Keywords, keyword_lists, split_words
from still_verl.rewards.terms import ACTIONS

LABELLED = [
    ("an attribute to distribute", {}),
    ("an incorrect way, correctly awaited", {}),
    ("Wait, that is 12. WAIT", {"reflection": 2, ACTION: 2}),
    ("but so", {ACTION: 1}),
    ("Let me double-check, then double check and doublechecked.", {"verification": 3}),
    ("Let me double\n  check this", {"verification": 1}),
    ("double\u2011check \u201cWait\u201d, it\u2019s", {"verification": 1, "reflection": 1, ACTION: 1}),
    ("\u2018correct\u2019 \u2026wait\u2014but", {"reflection": 1, ACTION: 2}),
    ("I verified; verifying verifies. Verify!", {"verification": 4, ACTION: 1}),
    ("verification and verifiable", {}),
    ("However,however;reflecting", {"reflection": 3, ACTION: 2}),
    ("revise_it correct2 x_wait", {}),
    ("**Wait** (adjust) $confirm$ <corrects>", {"reflection": 1, ACTION: 1, "correction": 2, "verification": 1}),
    ("请verify一下，wait等等", {"verification": 1, "reflection": 2, ACTION: 2}),
    ("", {}),
    ("wait", {"reflection": 1, ACTION: 1}),
    ("Alternatively the double of check", {ACTION: 1}),
    ("The correct answer is correct.", {}),
    ("Is that correct? Yes, correct; incorrect is not correct", {}),
    ("Let me correct this. We must correct the sign, to\ncorrect-it", {"correction": 3}),
    ("recheck, on second thought, hmm", {"verification": 1, "reflection": 2}),
    ("Oops, that\u2019s wrong. Let\u2019s check: let's correct it", {"correction": 3, "verification": 1}),
    ("等等，不对，x=2 应该修正。让我验证。", {"reflection": 1, "correction": 2, "verification": 1}),
    ("矩阵不对称, 正确", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LABELLED)
def test_hand_labelled(text: str, expected: dict[str, int]) -> None:
    assert {name: n for name, n in Keywords().count(text).items() if n} == expected


def test_a_users_lists_extend_a_category_or_add_one() -> None:
    keywords = Keywords({"reflection": ["等等", "不", "不对"], "splits": ["hmm", "wait a moment"]}, lists=["still"])
    assert keywords.categories == ("verification", "reflection", "correction", "splits")
    counted = keywords.count("等等，不对！我不知道。Hmm, wait a\nmoment")
    assert counted == {"verification": 0, "reflection": 4, "correction": 0, "splits": 2, ACTION: 1}


def test_a_space_near_the_beginning_of_a_word_matches_what_any_other_does() -> None:
    keywords = Keywords({"splits": ["on second thought", "a-b", "- so  far"]}, lists=[])
    counted = keywords.count("On\nsecond-thought, a  b, ab, A\u2010B, so\tfar; upon second thought, a bc")
    assert counted["splits"] == 5


LISTS = keyword_lists()
WORD_SET = {word for words in LISTS.values() for word in words if " " not in word and word.isascii()} | set(ACTIONS)


@given(st.lists(st.sampled_from([*sorted(WORD_SET), "the", "x1", "incorrect", "Butter", "12"]), max_size=30))
def test_it_counts_what_splitting_into_words_counts(tokens: list[str]) -> None:
    counted = Keywords().count(", ".join(tokens))
    for name, words in (LISTS | {ACTION: ACTIONS}).items():
        assert counted[name] == sum(token in words for token in tokens)


@pytest.mark.parametrize(
    "text", ["double " * 10_000, "double" + " " * 70_000, "ver" * 25_000, "wait" * 20_000, "等" * 70_000]
)
def test_time_is_linear_whatever_a_model_wrote(text: str) -> None:
    started = time.process_time()
    Keywords().count(text)
    assert time.process_time() - started < 1


def test_words_of_a_script_without_spaces_are_its_characters() -> None:
    assert split_words("so x=2 了吗 ok") == ["so", "x=2", "了", "吗", "ok"]
    assert split_words("a\u00e9 b\n\nc") == ["a\u00e9", "b", "c"]
    assert all(re.fullmatch(r"[a-z' ]+", word) for words in WORDS.values() for word in words)


def test_a_long_list_is_ready_at_once() -> None:
    words = [f"w{number}x" for number in range(10_000)]
    started = time.perf_counter()
    keywords = Keywords({"long": words})
    assert time.perf_counter() - started < 10  # with a boundary for each word, a minute
    assert keywords.count("w77x w77 w9999x, w10000x")["long"] == 2
