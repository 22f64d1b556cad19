"""The rewards of the study as presets, and what a preset refuses."""

from typing import Any

import numpy as np
import pytest

from still_verl.config_errors import ConfigError
from still_verl.rewards.presets import Preset
from still_verl.rewards.registries import EXTRACTORS, PRESETS, TERMS


def test_every_name_of_ours_is_there_and_of_its_kind() -> None:
    for registry in (TERMS, PRESETS, EXTRACTORS):
        for name in registry:
            assert registry.find(name) is not None
    assert all(isinstance(PRESETS.find(name), Preset) for name in PRESETS)


def test_terms_are_listed_once_and_required_ones_first() -> None:
    assert Preset({"correct": 1.0, "format": 0.1}, required=["format"]).terms == ["format", "correct"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": {"corect": 1.0}}, "still.reward.weights='corect': use one of correct, .*; did you mean correct"),
        ({"weights": {"correct": 1.0}, "required": ["form"]}, "still.reward.required='form': use one of correct"),
        ({"weights": {"correct": 1.0}, "extractors": ["box"]}, "still.reward.extractors='box': .* did you mean boxed"),
        ({"weights": {"correct": float("nan")}}, "still.reward.weights.correct=nan: use a finite number"),
        ({"weights": {"correct": "1"}}, "still.reward.weights.correct='1': use a finite number"),
        ({"weights": {"correct": None}}, "still.reward.weights.correct=None: use a finite number"),
    ],
)
def test_what_cannot_work_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Preset(**settings)


@pytest.mark.parametrize(
    ("weights", "required", "label"),
    [
        ({"correct": 1.0, "mine.correct": 1.0}, (), "correct"),
        ({"a.language": 1.0, "b.language": 1.0}, (), "language"),
        ({"a.language": 1.0}, ("b.language",), "language"),
        ({"correct": 1.0, "still_verl.rewards.terms.correct": 1.0}, (), "correct"),
    ],
)
def test_two_terms_of_one_label(weights: dict[str, float], required: tuple[str, ...], label: str) -> None:
    with pytest.raises(ConfigError, match=f"would both be called {label}: rename one of yours"):
        Preset(weights, required)


def test_a_term_may_be_required_and_paid_and_weights_may_be_of_numpy() -> None:
    preset = Preset({"correct": np.float32(1), "a.language": 1}, required=["a.language"])  # type: ignore[dict-item]
    assert preset.terms == ["a.language", "correct"]


def test_a_preset_of_a_users_own_is_named_by_its_dotted_name() -> None:
    assert PRESETS.find("still_verl.rewards.presets.ZERO") is PRESETS.find("zero")
    with pytest.raises(ConfigError, match="its type is type, and not a still_verl.rewards.presets.Preset"):
        PRESETS.find("still_verl.rewards.presets.Preset")
