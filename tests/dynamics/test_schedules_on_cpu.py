import math
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from still_verl.config_errors import ConfigError
from still_verl.dynamics.coefficient import follow_entropy, follow_kl
from still_verl.dynamics.registries import SCHEDULES
from still_verl.dynamics.schedules import Schedule, ScheduleConfig, value_at

STUDY = {"start": 1e-3, "horizon": 500.0}
Own = Callable[[Schedule], str]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Own:
    """Put a schedule into a module of a user's; return its dotted name."""

    def put(schedule: Schedule) -> str:
        monkeypatch.setitem(sys.modules, "own_schedules", SimpleNamespace(own=schedule))  # type: ignore[arg-type]
        monkeypatch.setattr(SCHEDULES, "_loaded", {})
        return "own_schedules.own"

    return put


@pytest.mark.parametrize(
    ("time", "intended", "released"),
    [
        (0, 1e-3, 2e-3),
        (125, 8.535533905932737e-4, 1.8535533905932738e-3),
        (250, 5e-4, 1.5e-3),
        (375, 1.4644660940672625e-4, 1.1464466094067262e-3),
        (500, 0.0, 1e-3),
        (501, 0.0, 1e-3),
        (10_000, 0.0, 1e-3),
    ],
)
def test_the_cosine_of_the_study_as_meant_and_as_released(time: int, intended: float, released: float) -> None:
    assert value_at(ScheduleConfig("cosine", **STUDY), time, 900) == pytest.approx(intended, abs=1e-9)
    assert value_at(ScheduleConfig("released_code", **STUDY), time, 900) == pytest.approx(released, abs=1e-9)


def test_a_horizon_up_to_one_is_a_share_of_the_run() -> None:
    half = ScheduleConfig("linear", start=1.0, horizon=0.5)
    assert [value_at(half, time, 100) for time in (0, 25, 50, 99)] == [1.0, 0.5, 0.0, 0.0]


def test_piecewise_goes_through_its_points_in_straight_lines() -> None:
    config = ScheduleConfig("piecewise", points=[[10, 1.0], [20, 0.0], [30, 0.5]])
    assert [value_at(config, time, 0) for time in (0, 10, 15, 20, 25, 30, 99)] == [1.0, 1.0, 0.5, 0.0, 0.25, 0.5, 0.5]


def test_a_line_that_ends_at_zero_does_not_pass_it_by_a_rounding_error() -> None:
    config = ScheduleConfig("piecewise", points=[[19, 2.9182593496884257], [42, 0.0]])
    assert [value_at(config, time, 60) for time in (41, 42, 43)] == [pytest.approx(2.9182593496884257 / 23), 0.0, 0.0]


spans = st.one_of(st.floats(0.01, 1), st.integers(2, 400).map(float))
values = st.floats(0, 10)


@st.composite
def schedules(draw: st.DrawFn) -> ScheduleConfig:
    times = sorted(draw(st.lists(st.integers(0, 500), min_size=2, max_size=6, unique=True)))
    return ScheduleConfig(
        kind=draw(st.sampled_from([kind for kind in SCHEDULES])),
        start=draw(values),
        end=draw(values),
        horizon=draw(spans),
        warmup=draw(st.one_of(st.just(0.0), spans)),
        points=[[time, draw(values)] for time in times],
    )


@given(schedules(), st.integers(1, 600))
def test_every_schedule_stays_within_its_values(config: ScheduleConfig, total: int) -> None:
    config.check("still.kl")
    known = [0.0, config.start, config.end, *(value for _, value in config.points)]
    highest = config.start + max(config.start, config.end) if config.kind == "released_code" else max(known)
    for time in range(0, total + 2, 7):
        assert -1e-12 <= value_at(config, time, total) <= highest + 1e-12


@given(schedules(), st.integers(1, 600))
def test_decays_are_monotonic_after_their_warm_up(config: ScheduleConfig, total: int) -> None:
    if config.kind not in ("linear", "cosine"):
        return
    warmup = config.warmup * total if config.warmup <= 1 else config.warmup
    found = [value_at(config, time, total) for time in range(math.ceil(warmup), total + 2)]
    ordered = sorted(found, reverse=config.start > config.end)
    assert found == pytest.approx(ordered, abs=1e-12)


@given(st.sampled_from(["linear", "cosine"]), values, values, st.integers(0, 50), st.integers(60, 300))
def test_joins_have_no_jump(kind: str, start: float, end: float, warmup: int, horizon: int) -> None:
    """From one step to the next a value moves no further than the steepest slope of its shape."""
    config = ScheduleConfig(kind, start=start, end=end, horizon=float(horizon), warmup=float(max(warmup, 2)))
    steepest = max(start / max(warmup, 2), math.pi / 2 * abs(start - end) / (horizon - max(warmup, 2)))
    found = [value_at(config, time, 400) for time in range(400)]
    assert max(abs(b - a) for a, b in zip(found, found[1:], strict=False)) <= steepest + 1e-9


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "cosin"}, "k.kind='cosin': use one of inherit, constant"),
        ({"kind": "cosine", "start": -1e-3}, "k.start=-0.001: use a number of at least 0"),
        ({"kind": "cosine", "horizon": 0}, "k.horizon=0: give steps"),
        ({"kind": "piecewise"}, "k.points=[]: give at least two pairs"),
        ({"kind": "piecewise", "points": [[5, 1.0], [5, 2.0]]}, "give steps that increase"),
        ({"kind": "piecewise", "points": [[0, 1.0], [5, -2.0]]}, "use steps and values of at least 0"),
        ({"kind": "cosine", "start": math.nan}, "k.start=nan: use a finite number"),
        ({"kind": "linear", "horizon": math.inf}, "k.horizon=inf: use a finite number"),
        ({"kind": "piecewise", "points": [[0, 1.0], [5, math.nan]]}, "use finite numbers"),
        ({"kind": "adaptive", "start": 0.1}, "k.target=None: give an adaptive coefficient a value above 0"),
        ({"kind": "adaptive", "start": 2.0, "target": 1.0, "rate": 1.0}, "k.start=2.0: not between floor=0.0"),
    ],
)
def test_what_cannot_work_is_refused_by_name(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        ScheduleConfig(**settings).check("k")
    assert message in str(error.value)


def test_the_kl_coefficient_follows_its_target_by_at_most_a_fifth_of_the_rate() -> None:
    config = ScheduleConfig("adaptive", start=1.0, target=0.1, rate=0.5, floor=0.5, ceiling=1.05)
    assert follow_kl(config, 1.0, kl=0.1) == 1.0
    assert follow_kl(config, 1.0, kl=0.101) == pytest.approx(1.005)
    assert follow_kl(config, 1.0, kl=9.0) == 1.05  # 1.1 without its ceiling
    assert follow_kl(config, 1.0, kl=0.0) == pytest.approx(0.9)
    assert follow_kl(config, 0.51, kl=0.0) == 0.5


def test_the_entropy_coefficient_goes_up_below_its_target_and_down_above() -> None:
    config = ScheduleConfig("adaptive", target=0.2, rate=0.001, ceiling=0.0015)
    assert follow_entropy(config, 0.0, entropy=0.1) == 0.001
    assert follow_entropy(config, 0.001, entropy=0.1) == 0.0015
    assert follow_entropy(config, 0.0005, entropy=0.3) == 0.0


@pytest.mark.parametrize("returned", [0, 0.25, True, np.float32(0.5), np.int64(2)])
def test_a_schedule_of_a_users_own_may_return_any_number(own: Own, returned: Any) -> None:
    value = value_at(ScheduleConfig(own(lambda settings, time, total: returned)), 0, 4)
    assert type(value) is float and value == returned


@pytest.mark.parametrize("returned", [-1.0, math.nan, math.inf, None, "0.5", np.array([0.5, 0.5])])
def test_a_schedule_without_a_usable_value_is_named_with_its_step(own: Own, returned: Any) -> None:
    kind = own(lambda settings, time, total: returned)
    with pytest.raises(ValueError, match=f"the schedule {kind} in step 3 of 4 returned .*: return a finite number"):
        value_at(ScheduleConfig(kind), 2, 4)


def test_a_schedule_that_raises_is_named_with_its_step(own: Own) -> None:
    kind = own(lambda settings, time, total: 1 / (time - 2))
    with pytest.raises(ValueError, match=f"the schedule {kind} in step 3 of 4 raised ZeroDivisionError: "):
        value_at(ScheduleConfig(kind, start=0.1), 2, 4)
