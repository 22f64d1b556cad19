import math
from typing import Any

import pytest

from still_verl.monitor.alarms.signals import SIGNALS, read_signals, reader


def test_keywords_are_those_of_all_categories_that_a_run_logs() -> None:
    row = {"still/keywords/planning/per_1k_words": 50.0, "still/keywords/reflection/per_1k_words": 4.0}
    row |= {"still/keywords/planning/per_response": 9.0, "still/validation/keywords/planning/per_1k_words": 7.0}
    assert SIGNALS["keywords"](row) == 54 and SIGNALS["keywords"]({}) is None


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "text", [1, 2], {}])
def test_what_is_no_finite_number_is_left_out(value: Any) -> None:
    readers = {"x": reader("a/metric"), "accuracy": reader("accuracy")}
    assert read_signals({"a/metric": value, "still/accuracy": 1}, readers) == {"accuracy": 1.0}


def test_a_signal_is_the_first_metric_that_is_there() -> None:
    assert reader("length")({"response_length/mean": 7.0}) == 7
    assert reader("truncated")({"response_length/clip_ratio": 0.25}) == 0.25
    assert reader("truncated")({"still/completion/finished": 0.25}) == 0.75
