"""What a run answers about its numbers."""

import re
from pathlib import Path

from still_verl.report.run import Run


def test_alarms_are_stretches_of_steps() -> None:
    values = dict(enumerate([0.0, 1.0, 1.0, 0.0, None, 1.0]))
    run = Run("r", Path(), {"still/alarm/plateau": values, "still/alarm/quiet": {1: 0.0}})
    assert run.alarms() == {"plateau": [(1, 2), (5, 5)]}


def test_a_metric_without_a_finite_value_is_not_there() -> None:
    run = Run("r", Path(), {"a/x": {1: None}, "a/y": {1: None, 2: 0.5}})
    assert run.first_of("a/x", "a/y", "a/z") == "a/y" and run.first_of("a/x") is None
    assert run.matching(re.compile("a/(.)")) == [("y", "a/y")] and run.known("a/y") == [(2, 0.5)]


def test_our_validation_accuracy_is_preferred_and_named_after_a_single_source() -> None:
    ours, math, aime = "still/validation/accuracy", "val-core/math/acc/mean@4", "val-core/aime/reward/mean@1"
    logged = {key: {1: 0.5} for key in (ours, math, aime)}
    assert Run("r", Path(), logged).validations() == [("validation", ours), ("aime", aime), ("math", math)]
    assert Run("r", Path(), {ours: {1: 0.5}, math: {1: 0.5}}).validations() == [("math", ours)]
    assert Run("r", Path(), {math: {1: 0.5}}).validations() == [("math", math)]
