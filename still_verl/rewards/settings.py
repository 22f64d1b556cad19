"""The node `still.reward`. It raises an error for a value that cannot work."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from still_verl.config_errors import ConfigError
from still_verl.rewards.code.settings import CodeConfig
from still_verl.rewards.registries import EXTRACTORS, PRESETS, TERMS

if TYPE_CHECKING:
    from still_verl.rewards.presets import Preset


@dataclass
class RewardConfig:
    """How the reward manager `still` computes the reward. A key that is None keeps the preset's value.

    Attributes:
        preset: a name of `registries.PRESETS`, or the dotted name of your own.
        weights: the weight of each term, by its name in `registries.TERMS` or the dotted name of your own; replaces all
            weights of the preset.
        required: terms that must be 1, or the score is 0.
        extractors: names of `registries.EXTRACTORS`, or dotted names of your own, tried in this order.
        overlong_buffer: tokens before the limit in which the term `overlong` falls.
        prefilled_think: whether the prompt ends in `<think>`; None looks at each prompt.
        verifier: how generously answers are compared, one of `equivalence.reading.READINGS`.
        answer_in_outputs: whether an answer counts that only a program printed, where the model wrote none.
        tests: how programs are run and judged, for the term `tests`.

    Raises:
        ConfigError: a value that cannot work. What a name stands for is not imported before `build` and the first use.
    """

    preset: str = "boxed"
    weights: dict[str, float] | None = None
    required: list[str] | None = None
    extractors: list[str] | None = None
    overlong_buffer: int | None = None
    prefilled_think: bool | None = None
    verifier: str | None = None
    answer_in_outputs: bool | None = None
    tests: CodeConfig = field(default_factory=CodeConfig)

    def __post_init__(self) -> None:
        PRESETS.check(self.preset)
        for name, weight in (self.weights or {}).items():
            if isinstance(weight, Mapping):  # Hydra reads each dot on its command line as a level
                raise ConfigError(
                    f"{TERMS.key}.{name}={weight}: write the dotted name of a term in braces, "
                    f"'{TERMS.key}={{correct: 1.0, {name}.FUNCTION: 0.2}}'"
                )
            TERMS.check(name)
        for name in self.required or ():
            TERMS.check(name, "still.reward.required")
        for name in self.extractors or ():
            EXTRACTORS.check(name)
        if self.weights == {} or self.extractors == []:
            raise ConfigError("still.reward.weights and still.reward.extractors need at least one entry, or null")
        if self.overlong_buffer is not None and self.overlong_buffer < 1:
            raise ConfigError(f"still.reward.overlong_buffer={self.overlong_buffer}: use a number of tokens above 0")

    def build(self) -> "Preset":
        """Return the preset with everything that is set here.

        Raises:
            ConfigError: a preset of your own that is not there, a weight that is no finite number, two terms that
                metrics could not tell apart, or an unknown verifier.

        Example:
            >>> RewardConfig(weights={"correct": 1.0, "my_package.rewards.language": 0.2}).build().terms
            ['correct', 'my_package.rewards.language']
        """
        changes = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "preset" and value is not None:
                changes[each.name] = value
        return replace(PRESETS.find(self.preset), **changes)
