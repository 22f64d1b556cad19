import json
import math
import re
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


Series = dict[str, Callable[[int], float]]
VALIDATION = "val-core/math500/acc/mean@1"


def jump(before: float, after: float, at: int = 60) -> Callable[[int], float]:
    """A level that changes within 3 steps."""
    return lambda t: before + (after - before) * min(max((t - at) / 3, 0), 1)


# One failure of each alarm: its series, and the worst severity that it reaches.
FAILURES: dict[str, tuple[str, Series]] = {
    "not_finite": ("critical", {"actor/grad_norm": lambda t: math.nan if t > 60 else 0.3}),
    "accuracy_drop": ("critical", {ACCURACY: jump(0.6, 0.02)}),
    "validation_drop": ("critical", {VALIDATION: jump(0.6, 0.2)}),
    "train_validation_gap": (
        "critical",
        {ACCURACY: lambda t: 0.2 + 0.6 * min(max(t - 60, 0), 80) / 80, VALIDATION: lambda t: 0.25},
    ),
    "reward_hacking_score": (
        "critical",
        {
            "critic/score/mean": lambda t: 0.2 + min(max(t - 60, 0), 80) / 133,
            ACCURACY: lambda t: 0.3,
            VALIDATION: lambda t: 0.3,
        },
    ),
    "reward_hacking_length": (
        "critical",
        {"still/length/mean": lambda t: 300 * math.exp(t / 60), ACCURACY: lambda t: 0.3},
    ),
    "reward_hacking_keywords": (
        "critical",
        {"still/keywords/reflection/per_1k_words": lambda t: 5 + t / 4, ACCURACY: lambda t: 0.5 - t / 1000},
    ),
    "reward_hacking_repetition": ("critical", {"still/repetition": lambda t: t / 300, ACCURACY: lambda t: 0.3}),
    "reward_term_dominates": (
        "warning",
        {"still/reward/style": jump(0.2, 0.9), "critic/score/mean": jump(0.4, 0.8), ACCURACY: lambda t: 0.3},
    ),
    "reward_term_dead": ("warning", {"still/reward/style": jump(0.5, 0.0)}),
    "format_without_correctness": ("warning", {"still/completion/answered": jump(0.4, 0.9), ACCURACY: lambda t: 0.2}),
    "groups_too_easy": ("warning", {"still/groups/all_right": jump(0.2, 0.9)}),
    "groups_too_hard": ("warning", {"still/groups/all_wrong": jump(0.2, 0.9)}),
    "groups_without_signal": ("warning", {"frac_reward_zero_std": lambda t: 0.9}),
    "rollouts_equal": ("critical", {"still/groups/distinct": jump(0.95, 0.2)}),
    "length_explosion": ("warning", {"response_length/mean": jump(300, 4000)}),
    "length_collapse": ("critical", {"still/length/mean": jump(1000, 15), ACCURACY: lambda t: 0.3}),
    "truncation": ("warning", {"still/completion/finished": lambda t: 1 - t / 200}),
    "diversity_collapse": ("warning", {"still/distinct_2": jump(0.8, 0.4)}),
    "sandbox_faults": ("critical", {"still/tool/missing_module_ratio": jump(0.0, 0.6)}),
    "gibberish": ("critical", {"still/compression": jump(0.42, 0.65), ACCURACY: jump(0.6, 0.1)}),
    "script_mix": (
        "critical",
        {"still/script/han": jump(0.0, 0.5), ACCURACY: jump(0.6, 0.1), VALIDATION: jump(0.6, 0.3)},
    ),
    "unclosed_thoughts": ("warning", {"still/thoughts/unclosed": jump(0.02, 0.5)}),
    "several_answers": ("warning", {"still/boxes/mean": jump(1, 6), ACCURACY: lambda t: 0.3}),
    "aborted_responses": ("warning", {"response/aborted_ratio": jump(0.0, 0.3)}),
    "entropy_collapse": ("critical", {"actor/entropy": lambda t: 0.5 * math.exp(-t / 20)}),
    "entropy_explosion": ("critical", {"actor/entropy": jump(0.25, 4), ACCURACY: jump(0.6, 0.1)}),
    "kl_acceleration": ("warning", {"actor/kl_loss": lambda t: 1e-3 * math.exp(t / 20)}),
    "kl_explosion": ("critical", {"actor/kl_loss": jump(0.05, 8)}),
    "clip_fraction": ("critical", {"actor/pg_clipfrac": jump(0.01, 0.4), ACCURACY: jump(0.6, 0.3)}),
    "gradient_explosion": ("critical", {"actor/grad_norm": jump(0.3, 30), ACCURACY: jump(0.6, 0.3)}),
    "gradient_spikes": ("warning", {"actor/grad_norm": lambda t: 30 if t > 60 and t % 10 == 0 else 0.3}),
    "gradient_vanishing": ("warning", {"actor/grad_norm": jump(0.3, 0.001)}),
    "rollout_mismatch": ("critical", {"training/rollout_probs_diff_mean": jump(0.004, 0.2), ACCURACY: jump(0.6, 0.3)}),
    "staleness": ("warning", {"training/off_policy/trajectory_spans/mean": jump(1, 4)}),
    "tool_collapse": ("warning", {"still/tool/calls": lambda t: 2 * math.exp(-t / 25)}),
    "tool_overuse": ("warning", {"still/tool/calls": jump(1, 5), ACCURACY: lambda t: 0.3}),
    "loss_rise": ("critical", {"train/loss": jump(1.0, 2.5), "train/global_tokens": lambda t: 5000}),
    "overfitting": ("critical", {"val/loss": lambda t: 1.0 if t < 60 else 1 + (t - 60) / 100}),
    "tool_failures": ("critical", {"still/tool/success": jump(0.9, 0.1)}),
    "void_turns": ("warning", {"still/tool/no_code_ratio": jump(0.01, 0.5)}),
    "plateau": ("info", {ACCURACY: lambda t: 0.4, "timing_s/step": lambda t: 36}),
}


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_begins_its_alarm(name: str) -> None:
    severity, series = FAILURES[name]
    alarms = [alarm for alarm in scan(run(250, **series)) if alarm.name == name]
    worst = alarms[-1]
    assert worst.severity == severity == DETECTORS.find(name).severity, alarms
    assert any(character.isdigit() for character in worst.evidence) and worst.advice
    steps = [alarm.step for alarm in alarms]
    assert steps == sorted(set(steps)), "it rings again when it becomes worse, and only then"


def test_every_detector_has_its_failure_here() -> None:
    assert set(FAILURES) == set(DETECTORS) == set(ALARMS) - {"constant_reward"}


SUDDEN = [name for name, (_, series) in FAILURES.items() if any("jump" in f.__qualname__ for f in series.values())]


@pytest.mark.parametrize("name", sorted(set(SUDDEN) - {"train_validation_gap", "validation_drop"}))
def test_what_fails_at_once_is_found_within_15_steps(name: str) -> None:
    first = next(alarm for alarm in scan(run(200, **FAILURES[name][1])) if alarm.name == name)
    assert 60 < first.step <= 75


def test_a_hint_lasts_but_is_not_loud() -> None:
    watch = Watch()
    for row in run(120, **{"still/tool/success": jump(0.9, 0.82)}):
        watch.observe(int(row["step"]), row)
    assert set(watch.active) == {"tool_failures"} and watch.loud == set()
    for row in run(160, **{"still/tool/success": jump(0.9, 0.5, at=125)})[120:]:
        watch.observe(int(row["step"]), row)
    assert watch.loud == {"tool_failures"}


def test_a_plateau_says_what_it_cost() -> None:
    rng = np.random.default_rng(5)
    noisy = [{"step": t, ACCURACY: 0.3 + 0.02 * rng.standard_normal(), "timing_s/step": 36.0} for t in range(3000)]
    assert [alarm.name for alarm in scan(noisy)] == ["plateau"], "it rings once"
    (alarm,) = scan(run(250, **FAILURES["plateau"][1]))
    steps, hours = re.findall(r"for (\d+) steps, which cost ([\d.]+) hours", alarm.evidence)[0]
    assert int(steps) >= 200 and float(hours) == pytest.approx(int(steps) / 100, rel=0.1)


def test_a_run_that_learns_has_no_alarm_that_is_more_than_a_hint() -> None:
    healthy = run(
        300,
        **{
            ACCURACY: lambda t: 0.3 + 0.0016 * t,
            "still/length/mean": lambda t: 300 * math.exp(t / 300),
            "still/keywords/reflection/per_1k_words": lambda t: 5 + t / 100,
            "still/completion/finished": lambda t: 0.95,
            "actor/entropy": lambda t: 0.3 + 0.2 * math.exp(-t / 30),
            "actor/kl_loss": lambda t: 1e-3 * t,
            "still/tool/calls": lambda t: 2,
        },
    )
    assert [alarm for alarm in scan(healthy) if alarm.severity != "info"] == []


def test_runs_that_never_used_still_verl_are_read_by_verls_own_names() -> None:
    hacked = {"response_length/mean": jump(300, 8400), "critic/score/mean": lambda t: 0.3}
    assert {"length_explosion", "reward_hacking_length"} <= names(run(**hacked))
    assert "accuracy_drop" in names(run(**{"critic/score/mean": jump(0.6, 0.1)}))
    assert names(run(**{"response_length/clip_ratio": lambda t: t / 200})) == set(), "that is not truncation"


def test_keywords_of_a_users_category_begin_their_alarm() -> None:
    planning = {"still/keywords/planning/per_1k_words": lambda t: 5 + t / 4, ACCURACY: lambda t: 0.3}
    assert "reward_hacking_keywords" in names(run(**planning))


def test_missing_and_infinite_figures_are_left_out() -> None:
    rows = run(**FAILURES["reward_hacking_length"][1])
    for row in rows[::7]:
        row["still/length/mean"] = math.nan
    assert {"reward_hacking_length", "not_finite"} <= names([*rows, {}])
    assert names([{"step": n} for n in range(99)]) == set()


def test_an_alarm_begins_once_and_ends_when_the_run_recovers() -> None:
    watch, begun = Watch(), []
    for row in run(200, **{"still/completion/finished": lambda t: 0.95 if t < 60 or t > 120 else 0.3}):
        begun += watch.observe(int(row["step"]), row)
        if row["step"] == 110:
            assert "truncation" in watch.active
    assert [(alarm.name, alarm.severity) for alarm in begun] == [("truncation", "warning")]
    assert watch.active == {} and watch.severities == {}


def test_a_resumed_watch_goes_on_as_if_never_stopped() -> None:
    rows = run(**FAILURES["reward_hacking_length"][1])
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
