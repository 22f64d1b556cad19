import json
import math
import sys
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from still_verl.monitor.alarms import ALARMS, DETECTORS, Alarm, Watch, scan
from still_verl.monitor.alarms.detectors import Detector

Row = dict[str, float]
ACCURACY = "still/accuracy"


def run(steps: int = 120, **series: Callable[[int], float]) -> list[Row]:
    """Metrics of a run, with a little noise; `series` are functions of the step."""
    rng = np.random.default_rng(3)
    return [
        {"step": step} | {name: each(step) * (1 + 0.01 * rng.standard_normal()) for name, each in series.items()}
        for step in range(1, steps + 1)
    ]


def names(rows: list[Row]) -> set[str]:
    return {alarm.name for alarm in scan(rows)}


FAILURES: dict[str, dict[str, Callable[[int], float]]] = {
    "reward_hacking_length": {"still/length/mean": lambda t: 300 * math.exp(t / 100), ACCURACY: lambda t: 0.3},
    "reward_hacking_keywords": {
        "still/keywords/reflection/per_1k_words": lambda t: 5 + t / 4,
        ACCURACY: lambda t: 0.5 - t / 1000,
    },
    "reward_hacking_repetition": {"still/repetition": lambda t: t / 300, ACCURACY: lambda t: 0.3},
    "entropy_collapse": {"actor/entropy": lambda t: 0.5 * math.exp(-t / 20)},
    "truncation": {"still/completion/finished": lambda t: 1 - t / 200},
    "plateau": {ACCURACY: lambda t: 0.4},
    "kl_acceleration": {"actor/kl_loss": lambda t: 1e-3 * math.exp(t / 20)},
    "tool_collapse": {"still/tool/calls": lambda t: 2 * math.exp(-t / 25)},
}


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_begins_its_alarm(name: str) -> None:
    alarm = next(alarm for alarm in scan(run(**FAILURES[name])) if alarm.name == name)
    assert 30 <= alarm.step <= 120 and alarm.step % 5 == 0
    assert any(character.isdigit() for character in alarm.evidence) and alarm.advice
    assert alarm.severity == DETECTORS.find(name).severity


def test_every_detector_has_its_failure_here() -> None:
    assert set(FAILURES) == set(DETECTORS) == set(ALARMS) - {"constant_reward"}


def test_a_run_that_learns_has_no_alarm() -> None:
    healthy = run(
        **{
            ACCURACY: lambda t: 0.3 + 0.004 * t,
            "still/length/mean": lambda t: 300 * math.exp(t / 100),
            "still/keywords/reflection/per_1k_words": lambda t: 5 + t / 4,
            "still/completion/finished": lambda t: 0.95,
            "actor/entropy": lambda t: 0.3 + 0.2 * math.exp(-t / 30),
            "actor/kl_loss": lambda t: 1e-3 * t,
            "still/tool/calls": lambda t: 2,
        }
    )
    assert names(healthy) == set()


def test_runs_that_never_used_still_verl_are_read_by_verls_own_names() -> None:
    cut = run(
        **{"response_length/clip_ratio": lambda t: t / 200, "actor/reward_kl_penalty": lambda t: math.exp(t / 20)}
    )
    assert names(cut) == {"truncation", "kl_acceleration"}


def test_keywords_of_a_users_category_begin_their_alarm() -> None:
    planning = {"still/keywords/planning/per_1k_words": lambda t: 5 + t / 4, ACCURACY: lambda t: 0.3}
    assert "reward_hacking_keywords" in names(run(**planning))


def test_missing_and_infinite_figures_are_left_out() -> None:
    rows = run(**FAILURES["reward_hacking_length"])
    for row in rows[::7]:
        row["still/length/mean"] = math.nan
    assert "reward_hacking_length" in names([*rows, {}])
    assert names([{"step": n} for n in range(99)]) == set()


def test_an_alarm_begins_once_and_ends_when_the_run_recovers() -> None:
    length = {"still/length/mean": lambda t: 300 * math.exp(min(t, 80) / 100), ACCURACY: lambda t: 0.3}
    watch, begun = Watch(), []
    for row in run(200, **length):
        begun += watch.observe(int(row["step"]), row)
        if row["step"] == 80:
            assert "reward_hacking_length" in watch.active
    assert [alarm.name for alarm in begun].count("reward_hacking_length") == 1
    assert "reward_hacking_length" not in watch.active


def test_a_resumed_watch_goes_on_as_if_never_stopped() -> None:
    rows = run(**FAILURES["reward_hacking_length"])
    whole, first = Watch(), Watch()
    expected = [alarm for row in rows for alarm in whole.observe(int(row["step"]), row)]
    got = [alarm for row in rows[:33] for alarm in first.observe(int(row["step"]), row)]
    second = Watch()
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    got += [alarm for row in rows[33:] for alarm in second.observe(int(row["step"]), row)]
    assert got == expected and second.active == whole.active


def test_an_alarm_reads_as_one_line() -> None:
    text = str(Alarm("plateau", "info", 60, "accuracy 0.4 -> 0.4", "stop"))
    assert text == "ALARM plateau (info) at step 60: accuracy 0.4 -> 0.4. What to do: stop"


def test_a_metric_that_never_comes_is_said_once_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen = {"actor/gradnorm": ".2f", "kl": ".3f"}  # a signal such as kl may be missing
    detector = Detector("info", lambda window: True, seen, "gradients grow", "lower the learning rate")
    monkeypatch.setitem(sys.modules, "own_alarms", SimpleNamespace(MISSPELLED=detector))  # type: ignore[arg-type]
    rows = run(100, **{"actor/grad_norm": lambda t: 1.0, ACCURACY: lambda t: 0.4})
    assert scan(rows, ["own_alarms.MISSPELLED"]) == []
    scan(run(100, **{ACCURACY: lambda t: 0.4}))  # no detector of ours is complained of
    assert caplog.messages == [
        "the alarm MISSPELLED waits for the metric actor/gradnorm, which no step has had so far; "
        "did you mean actor/grad_norm?"
    ]
