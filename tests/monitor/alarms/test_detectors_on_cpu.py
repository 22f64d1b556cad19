"""Detectors of a user's own: checked when they are made, and never the end of a run."""

import json
import logging
import math
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from still_verl.config_errors import ConfigError
from still_verl.monitor.alarms import Detector, Grade, LevelDetector, Watch, Window, scan
from still_verl.monitor.alarms.changes import Direction
from still_verl.monitor.alarms.trend import trend
from still_verl.monitor.registries import DETECTORS, by_label
from still_verl.monitor.settings import MonitorConfig

LANGUAGE = "still/reward/language"


def falls(window: Window) -> np.ndarray:
    return trend(window[LANGUAGE]).z < -3


FALLS = Detector("warning", falls, {LANGUAGE: ".2f", "actor/grad_norm": ".1f"}, "English is left", "pay for it")


def register(monkeypatch: pytest.MonkeyPatch, **detectors: Any) -> list[str]:
    """Put detectors into a module, as a user does; returns their dotted names."""
    monkeypatch.setitem(sys.modules, "my_alarms", SimpleNamespace(**detectors))
    monkeypatch.setattr(DETECTORS, "_loaded", {})
    return [f"my_alarms.{name}" for name in detectors]


def rows(steps: range, **more: float) -> list[dict[str, float]]:
    noise = np.random.default_rng(0)
    return [
        {"step": step, LANGUAGE: 1 - step / 99 + 0.01 * noise.standard_normal(), "actor/grad_norm": 1.0} | more
        for step in steps
    ]


def detector(**changes: Any) -> Detector:
    good = {"severity": "info", "test": falls, "seen": {LANGUAGE: ".2f"}, "meaning": "m", "advice": "a"}
    return Detector(**(good | changes))


def test_a_detector_looks_at_metrics_by_their_full_names(monkeypatch: pytest.MonkeyPatch) -> None:
    (name,) = register(monkeypatch, FALLS=FALLS)
    (alarm,) = scan(rows(range(1, 61)), [name])
    assert (alarm.name, alarm.severity, alarm.step, alarm.advice) == ("FALLS", "warning", 30, "pay for it")
    assert alarm.evidence.startswith(f"English is left in 30 steps: {LANGUAGE} 0.97 -> 0.7")
    assert "actor/grad_norm 1.0 -> 1.0" in alarm.evidence


def test_the_example_of_the_documentation_works(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[3] / "docs" / "monitor.md").read_text()
    example: dict[str, Any] = {}
    exec(re.search(r"```python\n(# my_package/alarms.py.*?)```", page, re.DOTALL)[1], example)  # type: ignore[index]
    (name,) = register(monkeypatch, LANGUAGE=example["LANGUAGE"])
    (alarm,) = scan(rows(range(1, 61)), [name])
    assert alarm.name == "LANGUAGE" and "0.8" in alarm.evidence


def test_a_level_detector_of_a_users_own_is_in_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[3] / "docs" / "monitor.md").read_text()
    example: dict[str, Any] = {}
    exec(re.search(r"```python\n(from still_verl.monitor.alarms import Grade.*?)```", page, re.DOTALL)[1], example)  # type: ignore[index]
    (name,) = register(monkeypatch, LOSES_LANGUAGE=example["LOSES_LANGUAGE"])
    alarms = scan(rows(range(1, 100)), [name])
    assert [alarm.severity for alarm in alarms] == ["warning", "critical"]


def test_a_level_detector_that_cannot_ring_is_refused() -> None:
    for wrong in (lambda: Grade("fatal", 1), lambda: Grade("info", 1, tests=("shifts",)), lambda: level(grades=[])):
        with pytest.raises(ConfigError, match="did you mean shift|use one of critical|give a Grade at least"):
            wrong()


def level(grades: list[Grade]) -> LevelDetector:
    return LevelDetector(LANGUAGE, Direction.FALL, grades, "m", "a")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"severity": "fatal"}, "Detector.severity='fatal': use one of critical, warning, info"),
        ({"severity": "Critical"}, "did you mean critical?"),
        ({"seen": {}}, "Detector.seen={}: name a signal or metric at least, e.g. {'accuracy': '.3f'}"),
        ({"seen": ["accuracy"]}, "Detector.seen=['accuracy']: name a signal or metric at least"),
        ({"seen": {"accuracy": ".3q"}}, "Detector.seen['accuracy']='.3q': use the format of a number, e.g. '.3f'"),
        ({"test": None}, "Detector.test=None: use a function of a Window"),
    ],
)
def test_what_would_fail_in_a_run_is_refused_in_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        detector(**changes)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_module_with_a_wrong_detector_is_refused_by_the_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "from still_verl.monitor.alarms import Detector\nX = Detector('fatal', print, {'accuracy': ''}, '', '')\n"
    (tmp_path / "module_of_a_wrong_alarm.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        ConfigError, match="^still.monitor.alarms='module_of_a_wrong_alarm.X'.*severity='fatal': use one"
    ):
        Watch(["module_of_a_wrong_alarm.X"])


def raises(window: Window) -> bool:
    raise RuntimeError("a bug of the user's")


def unnamed(window: Window) -> bool:
    return bool(window["accuracy"][-1] > 0)


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (raises, "RuntimeError: a bug of the user's"),
        (unnamed, "accuracy is not in the window: name it in the detector's `seen` (still/reward/language)"),
        (lambda window: None, "TypeError: its test returned None: return True or False"),
        (lambda window: 0.3, "TypeError: its test returned 0.3"),
        (lambda window: window[LANGUAGE] > 0, "TypeError: its test returned array"),
    ],
)
def test_a_test_that_fails_is_logged_once_and_ends_nothing(
    test: Any, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    names = register(monkeypatch, BAD=detector(test=test), FALLS=FALLS)
    alarms = scan(rows(range(1, 61)), names)
    assert [alarm.name for alarm in alarms] == ["FALLS"]
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "the alarm BAD failed and will not be raised, the run goes on" in record.message
    assert said in record.message


def test_two_alarms_of_one_label_are_refused() -> None:
    for names in (["still", "mine.plateau"], ["a.ALARM", "b.ALARM"], ["mine.constant_reward"]):
        with pytest.raises(ConfigError, match=r"alarms='.*': still/alarm/.* is the metric of .* already: rename"):
            MonitorConfig(alarms=names)
    with pytest.raises(
        ConfigError, match="'b.ALARM': still/alarm/ALARM is the metric of a.ALARM already: rename yours"
    ):
        Watch(["a.ALARM", "b.ALARM"])
    assert by_label(["a.ALARM", "a.ALARM", "plateau"]) == {"ALARM": "a.ALARM", "plateau": "plateau"}


def test_settings_know_whether_ours_are_left_out() -> None:
    left_out = {("still",): False, ("mine.ALARM",): True, ("mine.ALARM", "plateau"): False, (): False}
    for names, expected in left_out.items():
        assert MonitorConfig(alarms=list(names)).leaves_ours_out == expected


def test_a_checkpoint_outlives_a_change_of_detectors(monkeypatch: pytest.MonkeyPatch) -> None:
    falling = {"actor/entropy": 0.5}
    (name,) = register(monkeypatch, FALLS=FALLS)
    before = Watch(["entropy_collapse"])
    for row in rows(range(1, 61)):
        entropy = {"actor/entropy": 0.5 * math.exp(-row["step"] / 15)}
        before.observe(int(row["step"]), row | entropy)
    assert set(before.active) == {"entropy_collapse"}
    state = json.loads(json.dumps(before.state_dict()))

    added = Watch(["entropy_collapse", name])
    added.load_state_dict(state)
    assert added.active == before.active
    alarms = []
    for row in rows(range(61, 96), **falling):
        alarms += added.observe(int(row["step"]), row)
    assert [(alarm.name, alarm.step) for alarm in alarms] == [("FALLS", 90)], "30 steps after it was added"

    removed = Watch(["plateau"])
    removed.load_state_dict(json.loads(json.dumps(added.state_dict())))
    assert removed.active == {}
    for row in rows(range(96, 130)):
        removed.observe(int(row["step"]), row | {"still/accuracy": 0.5})


def test_with_a_checkpoint_of_an_earlier_version_the_watch_begins_anew() -> None:
    watch = Watch()
    watch.load_state_dict({"start": {"kl": [1.0]}, "last": [{"kl": 1.0}] * 40, "active": {"plateau": 1}})
    assert watch.histories == {} and watch.active == {}
    assert watch.observe(41, {"actor/kl_loss": 1.0}) == []
