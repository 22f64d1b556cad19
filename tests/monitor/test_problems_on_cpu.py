"""The figures of a validation's problems."""

import numpy as np
import pytest

from still_verl.monitor.problems import problem_metrics
from still_verl.monitor.rows import StepRows
from still_verl.stats.interval import interval
from still_verl.stats.passes import pass_at


def validation_of(correct: list[int]) -> StepRows:
    n = len(correct)
    infos = [{"acc": float(right)} for right in correct]
    return StepRows([f"u{i}" for i in range(n)], np.array(correct, float), [None] * n, infos, [{}] * n, [[1]] * n)


def test_samples_of_one_prompt_are_one_problem_whatever_their_uid() -> None:
    """As the study had its test set: each problem several times in the file."""
    rows = validation_of([1, 0, 0, 0, 1, 1, 0, 0])
    found = problem_metrics(rows, ["a"] * 4 + ["b"] * 4, prefix="still/validation")
    assert found["still/validation/problems/count"] == 2 and found["still/validation/problems/mean"] == 0.375
    assert found["still/validation/problems/stderr"] == pytest.approx(0.125)
    assert found["still/validation/pass@2"] == pytest.approx((pass_at(4, 1, 2) + pass_at(4, 2, 2)) / 2)
    assert found["still/validation/pass@4"] == 1
    assert {name for name in found if "pass" in name} == {"still/validation/pass@2", "still/validation/pass@4"}


def test_what_is_not_defined_is_left_out() -> None:
    found = problem_metrics(validation_of([1]), ["a"], prefix="v")
    assert set(found) == {"v/problems/count", "v/problems/mean", "v/problems/low", "v/problems/high"}
    assert problem_metrics(validation_of([]), []) == {}


def test_each_source_has_its_own_and_no_prompt_is_shared_by_two() -> None:
    rows = validation_of([1, 1, 0, 0])
    found = problem_metrics(rows, ["a", "b", "a", "b"], ["math", "math", "code", "code"], prefix="v")
    assert found["v/problems/count"] == 4 and found["v/problems/mean"] == 0.5
    assert found["v/source/math/problems/mean"] == 1 and found["v/source/code/problems/mean"] == 0
    assert (found["v/source/math/problems/low"], 1.0) == pytest.approx(interval([1, 1]))


def test_a_single_source_is_not_told_twice() -> None:
    found = problem_metrics(validation_of([1, 0]), ["a", "b"], ["math", "math"])
    assert not [name for name in found if "source" in name]
