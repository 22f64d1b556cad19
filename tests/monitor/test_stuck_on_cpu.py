"""A part of a step that hangs is named, and ends the run."""

import threading
import time
from typing import Any

import pytest

from still_verl.monitor import stuck
from still_verl.monitor.settings import GuardConfig
from still_verl.monitor.stuck import StuckWatch
from still_verl.monitor.watchdog import StalledRun

UPDATE = "the update of the actor"


def watch(said: list[str], **settings: Any) -> StuckWatch:
    return StuckWatch(GuardConfig(**settings), say=said.append)


def test_a_call_that_never_comes_back_ends_with_its_name() -> None:
    said: list[str] = []
    started = time.monotonic()
    with pytest.raises(StalledRun) as error, watch(said, say_seconds=0.2, wait_seconds=1).part(UPDATE, 7):
        threading.Event().wait(60)
    assert str(error.value) == (
        "still_verl: the update of the actor of step 7 has taken 1 s, and its workers have not answered "
        "(still.guard.wait_seconds=1)"
    )
    assert time.monotonic() - started < 30
    assert said[0].startswith("still_verl: the update of the actor of step 7 has taken 0 s so far")
    assert len(said) <= 4, "it is said again only when it has doubled"


def test_a_part_that_ends_in_time_says_nothing_and_leaves_no_thread() -> None:
    said: list[str] = []
    before = threading.active_count()
    for step in range(50):
        with watch(said, say_seconds=60, wait_seconds=60).part(UPDATE, step):
            pass
    assert said == [] and threading.active_count() == before


def test_a_slow_part_is_said_and_goes_on_where_nothing_ends_it() -> None:
    said: list[str] = []
    with watch(said, say_seconds=0.1, wait_seconds=0).part(UPDATE, 1):
        time.sleep(0.5)
    assert said


def test_ctrl_c_of_a_person_stays_one() -> None:
    with pytest.raises(KeyboardInterrupt), watch([], say_seconds=60).part(UPDATE, 1):
        raise KeyboardInterrupt


def test_an_error_of_the_part_stays_that_error() -> None:
    with pytest.raises(ValueError, match="loss"), watch([]).part(UPDATE, 1):
        raise ValueError("loss")


def test_the_outer_part_is_named() -> None:
    watching = watch([], say_seconds=0.1, wait_seconds=0.3)
    with pytest.raises(StalledRun, match="the update of the actor of step 2"), watching.part(UPDATE, 2):
        with watching.part("the checkpoint", 2):
            threading.Event().wait(60)


def test_a_process_that_does_not_react_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stuck, "GRACE_S", 0.2)
    said: list[str] = []
    left: list[int] = []
    watching = StuckWatch(
        GuardConfig(say_seconds=60, wait_seconds=0.2), said.append, interrupt=lambda: None, leave=left.append
    )
    with watching.part(UPDATE, 3):
        time.sleep(2)
    assert left == [1] and "the process does not react" in said[-1]
