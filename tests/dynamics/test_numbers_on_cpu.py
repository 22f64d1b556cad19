"""The node `still.schedules` as it is read."""

from typing import Any

import pytest

from still_verl.config_errors import ConfigError
from still_verl.dynamics.numbers import numbers

LINEAR = {"kind": "linear", "start": 0.2, "end": 0.3}


@pytest.mark.parametrize(
    "node",
    [
        {"policy_loss": {"clip_cov_ratio": LINEAR, "clip_cov_ub": LINEAR}, "lr": LINEAR},
        {"policy_loss.clip_cov_ratio": LINEAR, "policy_loss.clip_cov_ub": LINEAR, "lr": LINEAR},
        {"policy_loss.clip_cov_ratio": LINEAR, "policy_loss": {"clip_cov_ub": LINEAR}, "lr": LINEAR},
    ],
)
def test_a_number_below_another_setting_is_written_in_either_way(node: Any) -> None:
    found = numbers(node)
    assert sorted(found) == ["lr", "policy_loss.clip_cov_ratio", "policy_loss.clip_cov_ub"]
    assert found["lr"].end == 0.3


@pytest.mark.parametrize("node", [None, {}])
def test_there_may_be_none(node: Any) -> None:
    assert numbers(node) == {}


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ({"lr": 1e-6}, "still.schedules.lr=1e-06: give each number a schedule with its kind, such as {kind: linear"),
        ({"lr": {}}, "still.schedules.lr={}: give each number a schedule"),
        ({"lr": None}, "still.schedules.lr=None: give each number a schedule"),
        ({"lr": {"start": 1e-6}}, "still.schedules.lr.start=1e-06: give each number a schedule"),
        ({"lr": LINEAR | {"strat": 1}}, "still.schedules.lr.strat=1 is no setting of a schedule; did you mean start?"),
        ({"lr": LINEAR | {"start": "x"}}, "still.schedules.lr.start='x': "),
        ({"lr": LINEAR | {"start": -1}}, "still.schedules.lr.start=-1.0: use a number of at least 0"),
        ({"lr": LINEAR | {"kind": "linaer"}}, "still.schedules.lr.kind='linaer': use one of"),
        ({"lr": {"kind": "adaptive"}}, "still.schedules.lr.kind='adaptive': only still.kl and still.entropy follow"),
        ({"lr": {"kind": "inherit"}}, "still.schedules.lr.kind='inherit': such a number keeps verl's value anyway"),
        ({"lr": {"kind": "piecewise"}}, "still.schedules.lr.points=[]: give at least two pairs"),
        ({"a.b": LINEAR, "a": {"b": LINEAR}}, "still.schedules.a.b="),
    ],
)
def test_what_is_no_schedule_is_named(node: Any, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        numbers(node)
    assert str(error.value).startswith(said) and "\n" not in str(error.value)
