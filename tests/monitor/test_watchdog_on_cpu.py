"""What a run waits for is said, and it ends where it would wait for ever."""

from typing import Any

import pytest

from still_verl.config_errors import ConfigError
from still_verl.monitor.settings import GuardConfig
from still_verl.monitor.watchdog import Prompts, StalledRun, Watchdog


class Run:
    """A run of a clock that the test turns."""

    def __init__(self, errors: dict[str, str] | None = None, **settings: Any) -> None:
        self.now = 1000.0
        self.errors = errors or {}
        self.watchdog = Watchdog(GuardConfig(**settings), lambda: self.errors, lambda: self.now)

    def look(self, seconds: float = 1.0, all_failed: bool = False, responses: int = 0, **prompts: str) -> str:
        """Let time pass in steps of a poll; return what was said last."""
        sets: Any = {kind: frozenset(uids.split()) for kind, uids in prompts.items()}
        said = ""
        for _ in range(int(seconds)):
            self.now += 1
            said = self.watchdog.look(Prompts(responses=responses, **sets), all_failed) or said
        return said


def test_what_is_waited_for_is_said_with_uids_and_seconds_and_seldom() -> None:
    run = Run(say_seconds=60)
    assert run.look(59, running="a", pending="b") == ""
    said = run.look(3, running="a", pending="b", finished="c")
    assert said == "", "a prompt has finished"
    said = run.look(61, running="a", pending="b", finished="c")
    assert said == (
        "still_verl: nothing has come for 60 s: waiting for 1 running and 1 pending prompts, a (119 s), b (119 s); "
        "1 have finished, 0 failed; the last error: none"
    )
    assert run.look(56, running="a", pending="b", finished="c") == ""
    assert "nothing has come for 120 s" in run.look(3, running="a", pending="b", finished="c")


def test_a_lost_request_ends_the_run_and_is_named() -> None:
    run = Run(wait_seconds=300, say_seconds=1000)
    with pytest.raises(StalledRun) as error:
        run.look(1000, running="lost", finished="a b")
    assert run.now == 1000 + 301
    assert "waiting for 1 running and 0 pending prompts, lost (300 s); 2 have finished" in str(error.value)
    assert str(error.value).endswith("(still.guard.wait_seconds=300)")


def test_each_response_is_progress_and_zero_waits_for_ever() -> None:
    run = Run(wait_seconds=300)
    for responses in range(20):
        run.look(200, running="a", responses=responses)
    assert Run(wait_seconds=0, say_seconds=10).look(100_000, running="a").startswith("still_verl: nothing has come")


def test_a_run_that_trains_meanwhile_does_not_wait() -> None:
    run = Run(wait_seconds=300, say_seconds=60)
    for _ in range(5):
        assert run.look(50, running="a") == ""
        run.now += 3600  # of an update
    assert run.look(100, pending="") == "", "nothing is waited for"


def test_prompts_that_fail_in_a_row_end_the_run_with_the_first_cause() -> None:
    run = Run({"a": "KeyError: 'tests'", "b": "second", "c": "third"}, errors_in_a_row=3)
    run.look(failed="a", running="b c")
    run.look(failed="a b", running="c")
    with pytest.raises(StalledRun) as error:
        run.look(failed="b c")
    assert str(error.value) == (
        "still_verl: 3 prompts in a row failed (still.guard.errors_in_a_row=3); the first: KeyError: 'tests'"
    )


def test_one_that_is_whole_in_between_begins_the_row_anew() -> None:
    run = Run({"c": "later"}, errors_in_a_row=3)
    run.look(failed="a b")
    run.look(finished="x")
    run.look(failed="c d", finished="x")
    assert (run.watchdog.failed_in_a_row, run.watchdog.first_error) == (2, "later")


def test_a_prompt_of_which_some_responses_came_begins_the_row_anew_and_its_error_is_kept() -> None:
    """A judge that fails now and then does not end a run; verl leaves those responses out."""
    run = Run({"c": "now and then", "a": "x", "b": "x"}, errors_in_a_row=3, say_seconds=10)
    run.look(failed="a b")
    run.look(finished="c", partly="c", failed="a b")
    assert (run.watchdog.failed_in_a_row, run.watchdog.last_error) == (0, "now and then")


def test_a_prompt_is_counted_once_however_often_it_is_seen() -> None:
    run = Run(errors_in_a_row=3)
    run.look(50, failed="a b", running="c")
    assert run.watchdog.failed_in_a_row == 2


def test_all_that_a_step_waits_for_failed() -> None:
    run = Run({"a": "ValueError: no reward for this source"})
    run.look(failed="a", running="b")
    with pytest.raises(StalledRun, match=r"all prompts that the run waited for failed .*; the first: ValueError: no"):
        run.look(failed="a b", all_failed=True)


def test_a_failure_without_a_report_says_where_to_look() -> None:
    with pytest.raises(StalledRun, match="the first: no error was reported; look for"):
        Run(errors_in_a_row=1).look(failed="a")


def test_the_last_error_is_said_while_waiting() -> None:
    run = Run({"a": "first", "b": "last"}, say_seconds=10)
    run.look(failed="a", running="b c")
    run.look(failed="b", running="c")
    assert run.look(12, failed="b", running="c").endswith("1 failed; the last error: last")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"wait_seconds": -1}, "still.guard.wait_seconds=-1: use a number of seconds, or 0"),
        ({"wait_seconds": float("inf")}, "still.guard.wait_seconds=inf: use a number"),
        ({"try_seconds": float("nan")}, "still.guard.try_seconds=nan: use a number"),
        ({"say_seconds": 0}, "still.guard.say_seconds=0: use a number of seconds above 0"),
        ({"errors_in_a_row": 0}, "still.guard.errors_in_a_row=0: use a number of at least 1"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        GuardConfig(**settings)
    assert str(error.value).startswith(said)
