"""When a change counts as one, and of what."""

from pathlib import Path

from still_verl.report.change import Change, accuracy_change, tenths
from still_verl.report.run import Run


def test_accuracy_in_training_counts_where_there_is_no_validation() -> None:
    rising = {step: 0.2 + step / 100 for step in range(40)}
    change, measured = accuracy_change(Run("r", Path(), {"still/accuracy": dict(rising)}))
    assert measured == "Accuracy in training" and change is not None and change.direction == 1


def test_a_tenth_of_a_short_run_is_no_single_step() -> None:
    change = tenths(Run("r", Path(), {"a": dict(enumerate([0.0, 2.0, 8.0, 10.0]))}), "a")
    assert change is not None and (change.first, change.last) == (1.0, 9.0)
    assert tenths(Run("r", Path(), {"a": {1: 1.0}}), "a") is None


def test_a_change_counts_beyond_two_standard_errors_or_two_points_where_these_are_unknown() -> None:
    assert [Change(0.5, last, (1, 2), error=0.05).direction for last in (0.61, 0.59, 0.41, 0.39)] == [1, 0, 0, -1]
    assert [Change(0.5, last, (1, 2)).direction for last in (0.53, 0.51, 0.47)] == [1, 0, -1]


def test_a_run_that_explodes_has_no_clear_change() -> None:
    for growth in (150, 307):
        series = {"a": {step: 10.0 ** min(step * 8, growth) for step in range(60)}}
        change = tenths(Run("r", Path(), series), "a")
        assert change is not None and change.direction in (0, 1)
    assert Change(float("inf"), float("inf"), (1, 2), error=float("nan")).direction == 0
