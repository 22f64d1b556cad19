"""The words on top say what the numbers say, and no more."""

from collections import Counter
from pathlib import Path

import pytest

from still_verl.logs.series import Values
from still_verl.report.run import Run
from still_verl.report.samples.phase import PhaseSamples
from still_verl.report.summary import summarize

VALIDATION = "val-core/math/acc/mean@4"


def run(series: dict[str, Values], seen: int = 0) -> Run:
    samples = {"validation": PhaseSamples(counts=Counter({0: seen, 20: seen}))} if seen else {}
    return Run("r", Path(), series, samples)


def ramp(first: float, last: float, steps: int = 40) -> Values:
    return {step: first + (last - first) * step / (steps - 1) for step in range(steps)}


@pytest.mark.parametrize(
    ("last", "seen", "words", "mood"),
    [
        (0.60, 1000, "rose from 30.0% to 60.0% (+30.0 points, ± 4.2)", "good"),
        (0.32, 1000, "did not clearly change: from 30.0% to 32.0%", "plain"),
        (0.60, 10, "did not clearly change", "plain"),
        (0.20, 1000, "fell from 30.0% to 20.0% (-10.0 points", "bad"),
        (0.60, 0, "rose from 30.0% to 60.0% (+30.0 points) between steps 0 and 20", "good"),
    ],
)
def test_a_change_of_accuracy_is_called_one_only_beyond_its_noise(
    last: float, seen: int, words: str, mood: str
) -> None:
    said = summarize(run({VALIDATION: {0: 0.3, 20: last}}, seen))
    assert words in said.headline and said.mood == mood


def test_the_noise_of_our_own_validation_is_that_of_all_its_samples_and_not_of_the_few_that_are_kept() -> None:
    ours = {"still/validation/accuracy": {0: 0.3, 20: 0.6}}
    assert "points) between" in summarize(run(ours, seen=16)).headline
    counted = ours | {"still/validation/samples": {0: 1000.0, 20: 1000.0}}
    assert "(+30.0 points, ± 4.2)" in summarize(run(counted, seen=16)).headline


def test_length_that_grows_without_accuracy_is_suspected() -> None:
    longer = {"response_length/mean": ramp(100, 300)}
    flat = summarize(run(longer | {VALIDATION: {0: 0.3, 20: 0.3}}))
    assert any("look for reward hacking" in text for text in flat.sentences)
    rising = summarize(run(longer | {VALIDATION: {0: 0.3, 20: 0.6}}))
    assert rising.sentences == ["Responses became longer: 110 to 290 tokens."]
    assert not any("hacking" in text for text in rising.sentences)


def test_an_alarm_is_named_with_its_steps_and_evidence_and_outweighs_a_rise() -> None:
    series = {VALIDATION: {0: 0.3, 20: 0.6}, "still/alarm/entropy_collapse": {1: 0.0, 2: 1.0, 3: 1.0}}
    said = summarize(Run("r", Path(), series, evidence={"entropy_collapse": "entropy fell. Raise the bonus."}))
    assert said.mood == "bad"
    assert "Alarm: entropy collapse in steps 2 to 3: entropy fell. Raise the bonus." in said.sentences


def test_not_a_number_is_reported() -> None:
    said = summarize(run({"actor/loss": {1: 1.0, 2: None}, "still/length/correct_mean": {1: None}}))
    assert said.sentences == ["Not a number: actor/loss (1 steps)."]
    assert "No accuracy was logged" in said.headline


def test_an_empty_run_has_a_summary() -> None:
    assert summarize(Run("r", Path(), problems=["No metrics were found."])).sentences == ["No metrics were found."]
