"""The node `still.reward`: what it refuses, and the preset that it makes."""

import subprocess
import sys
from typing import Any

import pytest

from still_verl.config_errors import ConfigError
from still_verl.rewards.presets import BOXED, ZERO, Preset
from still_verl.rewards.settings import RewardConfig


def test_nothing_set_is_the_preset() -> None:
    assert RewardConfig().build() == BOXED
    assert RewardConfig(preset="zero").build() == ZERO
    assert RewardConfig(preset="still_verl.rewards.presets.ZERO").build() == ZERO


def test_what_is_set_replaces_the_presets_value() -> None:
    config = RewardConfig(
        preset="zero",
        weights={"signed": 2.0},
        required=[],
        extractors=["answer_is"],
        overlong_buffer=7,
        prefilled_think=False,
        verifier="lenient",
    )
    assert config.build() == Preset({"signed": 2.0}, [], ["answer_is"], 7, False, "lenient")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "boxd"}, "still.reward.preset='boxd': use one of boxed, .*; did you mean boxed"),
        ({"weights": {"corect": 1.0}}, "still.reward.weights='corect': use one of correct"),
        ({"weights": {}}, "need at least one entry"),
        ({"required": ["corect"]}, "still.reward.required='corect': use one of correct"),
        ({"extractors": ["boxd"]}, "still.reward.extractors='boxd': use one of boxed"),
        ({"extractors": []}, "need at least one entry"),
        ({"overlong_buffer": 0}, "still.reward.overlong_buffer=0: use a number of tokens above 0"),
    ],
)
def test_what_cannot_work_is_refused_at_once(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RewardConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "no_such.PRESET"}, "still.reward.preset='no_such.PRESET': there is no module no_such here"),
        ({"preset": "math.pi"}, "still.reward.preset='math.pi': its type is float, and not a still_verl.rewards.pre"),
        ({"verifier": "lenent"}, "still.reward.verifier='lenent': use one of strict, lenient; did you mean lenient"),
        ({"weights": {"a.b": 1.0, "c.b": 1.0}}, "a.b and c.b would both be called b"),
        ({"weights": {"correct": float("inf")}}, "still.reward.weights.correct=inf: use a finite number"),
    ],
)
def test_what_only_the_preset_shows_is_refused_when_it_is_built(settings: dict[str, Any], message: str) -> None:
    config = RewardConfig(**settings)
    with pytest.raises(ConfigError, match=message):
        config.build()


def test_terms_of_a_users_own_are_not_imported_by_the_settings() -> None:
    built = RewardConfig(weights={"correct": 1.0, "no_such.rewards.language": 0.2}, required=["no_such.polite"]).build()
    assert built.terms == ["no_such.polite", "correct", "no_such.rewards.language"]


def test_settings_are_light() -> None:
    """Every process of a job reads them, and most never grade."""
    code = (
        "import sys, still_verl.rewards.settings\n"
        "print(sorted(name for name in sys.modules if 'equivalence' in name or name in ('numpy', 'sympy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
