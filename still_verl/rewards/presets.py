"""Which terms a reward adds up, with which weights: the rewards of the study.

P is the paper (arXiv 2503.04548) by section.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from still_verl.config_errors import ConfigError, one_of
from still_verl.rewards.code.settings import CodeConfig
from still_verl.rewards.equivalence.reading import READINGS, Reading
from still_verl.rewards.registries import EXTRACTORS, TERMS


@dataclass(frozen=True)
class Preset:
    """A weighted sum of terms, which is 0 unless every required term is 1.

    Attributes:
        weights: the weight of each term, by its name in `registries.TERMS` or the dotted name of your own.
        required: terms that must be 1.
        extractors: names of `registries.EXTRACTORS`, or dotted names of your own, tried in this order.
        overlong_buffer: tokens before the limit in which the term `overlong` falls.
        prefilled_think: whether the prompt ends in `<think>`, for the term `format`.
        verifier: how generously answers are compared: `strict` for training, `lenient` for evaluation.
        answer_in_outputs: whether an answer counts that only a program printed, where the model wrote none.
        judge: the term that says whether a response is right, where it is 1; without one, its answer is compared with
            the right answer of the data.
        tests: how programs are run and judged, for the term `tests`.

    Raises:
        ConfigError: a name that cannot be one, a weight that is no finite number, or two terms that would have the same
            name in metrics.

    Example:
        >>> Preset({"correct": 1.0, "repetition": 0.5}, required=["format"]).terms
        ['format', 'correct', 'repetition']
    """

    weights: Mapping[str, float]
    required: Sequence[str] = ()
    extractors: Sequence[str] = ("boxed",)
    overlong_buffer: int = 4096
    prefilled_think: bool = True
    verifier: Reading = "strict"
    answer_in_outputs: bool = False
    judge: str = ""
    tests: CodeConfig = field(default_factory=CodeConfig)

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            TERMS.check(name)
            if not _is_finite(weight):
                raise ConfigError(f"{TERMS.key}.{name}={weight!r}: use a finite number")
        for name in self.required:
            TERMS.check(name, "still.reward.required")
        for name in self.extractors:
            EXTRACTORS.check(name)
        one_of("still.reward.verifier", self.verifier, READINGS)
        _check_labels(self.terms)
        if self.judge and self.judge not in self.terms:
            raise ConfigError(f"judge={self.judge!r} of a preset: use one of its terms, {', '.join(self.terms)}")

    @property
    def terms(self) -> list[str]:
        """The names of all terms, each once, required ones first."""
        return list(dict.fromkeys([*self.required, *self.weights]))


def _is_finite(weight: Any) -> bool:
    try:
        return math.isfinite(weight)
    except TypeError:
        return False


def _check_labels(names: Sequence[str]) -> None:
    """Refuse two terms that would have the same key `term_<label>` in metrics."""
    by_label: dict[str, str] = {}
    for name in names:
        label = TERMS.label(name)
        other = by_label.setdefault(label, name)
        if other != name:
            raise ConfigError(f"{TERMS.key}: {other} and {name} would both be called {label}: rename one of yours")


BOXED = Preset({"correct": 1.0})  # P 2: 1 when the boxed answer is right
ZERO = Preset({"correct": 1.0}, required=("format",), extractors=("answer_tag", "boxed"))  # P 2: right and well formed
DISTILL = Preset({"signed": 1.0})  # P 4.2 and 4.3: +1 or -1
RRL = Preset({"signed": 1.0, "length": 1.0})  # P 4.2: rewarding response length
RRA = Preset({"signed": 1.0, "actions": 1.0})  # P 4.2: rewarding reasoning actions
LOGIC = Preset({"logic": 1.0}, extractors=("answer_tag", "boxed"), judge="logic")  # puzzles of reasoning-gym
INSTRUCTED = Preset({"correct": 1.0}, required=("instructions",))  # right, and every instruction followed
OVERLONG = Preset({"signed": 1.0, "overlong": 1.0})  # DAPO's soft punishment, for comparison with P 4.2's mask
CODE = Preset({"tests": 1.0}, extractors=("program",), judge="tests")  # 1 when the program passes all tests
