"""Repetition that words do not show, and the time that it takes whatever a model wrote."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from still_verl.monitor.repetition import compression, loop_period, repeated_characters, repetition_metrics

PROSE = "We add both sides, divide by the leading coefficient and see that the two roots differ by 4. "


def first_period(text: str) -> int | None:
    """Try every period."""
    for period in range(1, len(text) // 3 + 1):
        end = text[-max(3 * period, 32) :]
        if len(end) >= 32 and end[period:] == end[:-period]:
            return period
    return None


@given(st.text("ab", max_size=9), st.text("ab", min_size=1, max_size=9), st.integers(0, 40), st.integers(0, 9))
def test_the_period_is_the_one_that_trying_all_finds(before: str, unit: str, times: int, part: int) -> None:
    text = before + unit * times + unit[:part]
    assert loop_period(text) == first_period(text)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("!" * 4000, 1),
        ("x = " + r"\boxed{1}" * 500, 9),
        (PROSE + "wait, " * 6, 6),
        (PROSE * 3, len(PROSE)),
        (PROSE * 2, None),
        ("1.3333333", None),
        (("a" * 40 + "b") * 4, 41),
        ("ab" * 100 + "c", None),
        ("", None),
    ],
)
def test_loops(text: str, period: int | None) -> None:
    assert loop_period(text) == period


def test_what_repeats_without_words_is_seen() -> None:
    for text in ("!" * 4000, r"\boxed{1}" * 500, "<|" * 300, "等" * 300):
        found = repetition_metrics([text])
        assert found["repetition_characters"] > 0.9 and found["loops"] == 1 and found["compression"] < 0.1
    found = repetition_metrics([PROSE + "So x is 2."])
    assert found["repetition_characters"] == found["loops"] == 0 and 0.3 < found["compression"] < 1


def test_random_characters_compress_less_than_prose() -> None:
    rng = random.Random(0)
    noise = compression("".join(rng.choice("abcdefghijklmnopqrstuvwxyz ") for _ in range(2000)))
    prose = compression("".join(rng.choice(PROSE.split()) + " " for _ in range(350)))
    assert noise is not None and prose is not None and noise > 1.5 * prose
    assert compression("short") is None


HOSTILE = ["a" * 10**6, "ab" * 500_000, "a" * 500_000 + "b" + "a" * 500_000, ("a" * 999 + "b") * 1000, "\udc80" * 10**5]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_time_is_linear_whatever_a_model_wrote(text: str) -> None:
    started = time.process_time()
    loop_period(text)
    repeated_characters(text)
    assert time.process_time() - started < 2
