"""The node `still.reward`. It raises an error for a value that cannot work."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import NoneType
from typing import TYPE_CHECKING, Any

from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.registry import as_number
from still_verl.rewards.code.settings import CodeConfig
from still_verl.rewards.patterns import overlap
from still_verl.rewards.registries import EXTRACTORS, PRESETS, ROUTED, TERMS

if TYPE_CHECKING:
    from still_verl.rewards.presets import Preset

ROUTES = "still.reward.routes"
WHOLE_REWARD = ("preset", "weights", "required")  # what a route decides for its own sources
# Of a route's name in metrics: what a tracker takes for a name, and no slash, which would be a level of its own.
_OTHERS = re.compile(r"[^\w.-]+")


@dataclass
class RouteConfig:
    """Which reward the rows of some sources of data get.

    Attributes:
        source: a pattern of the column `data_source`: exact, or with `*` for any text and `?` for one character.
        reward: a name of `registries.PRESETS`, or the dotted name of a preset or of a term of your own.
        weight: what the reward is multiplied with.
        normalize: the lowest and the highest value of the reward, which become 0 and 1 before the weight; null keeps
            it as it is. A value outside ends the run.
        name: of the domain in metrics; null is the pattern without its wildcards.

    Raises:
        ConfigError: a value that cannot work.
    """

    source: str = ""
    reward: str = ""
    weight: float = 1.0
    normalize: list[float] | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        for key in ("source", "reward"):
            if not getattr(self, key):
                raise ConfigError(
                    f"{ROUTES} has a route without {key}: give each a source and a reward, "
                    "[{source: gsm8k, reward: boxed}]"
                )
        ROUTED.check(self.reward, f"{self.key} with reward")
        if as_number(self.weight) is None or self.weight <= 0:
            raise ConfigError(f"{self.key} with weight={self.weight}: use a finite number above 0")
        if self.normalize is not None:
            self._check_bounds(self.normalize)
        if self.name is not None and (not self.name or _OTHERS.search(self.name)):
            raise ConfigError(f"{self.key} with name={self.name!r}: use letters, digits, and any of . _ -")

    def _check_bounds(self, bounds: list[float]) -> None:
        numbers = [as_number(bound) for bound in bounds]
        if len(bounds) != 2 or None in numbers or bounds[0] >= bounds[1]:
            raise ConfigError(
                f"{self.key} with normalize={bounds}: give the lowest and the highest value of the reward, [-1, 1]"
            )

    @property
    def key(self) -> str:
        """How messages call the route."""
        return f"{ROUTES} has {self.source}"

    @property
    def label(self) -> str:
        """How metrics call what the route is for."""
        if self.name is not None:
            return self.name
        return _OTHERS.sub("_", self.source.replace("*", "").replace("?", "")).strip("_.-") or self.reward


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
        routes: a reward for each source of data, in place of `preset`, `weights` and `required`; what else is set here
            holds for all of them. No two may match the same source.

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
    routes: list[RouteConfig] = field(default_factory=list)

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
        if self.routes:
            self._check_routes()

    def _check_routes(self) -> None:
        """Refuse routes of which two would match one source or have one name, and settings that none would read."""
        default = RewardConfig()
        for key in WHOLE_REWARD:
            value = getattr(self, key)
            if value != getattr(default, key):
                raise ConfigError(
                    f"still.reward.{key}={value} is set, but {ROUTES} decide the reward: drop one of both"
                )
        for index, route in enumerate(self.routes):
            for other in self.routes[:index]:
                if overlap(route.source, other.source):
                    raise ConfigError(
                        f"{other.key} and {route.source}, which match the same source: make one of them narrower, or "
                        "drop it"
                    )
                if route.label == other.label:
                    raise ConfigError(
                        f"{other.key} and {route.source}, which would both be called {route.label} in metrics: give "
                        "one a name"
                    )

    def build(self) -> "Preset":
        """Return the preset with everything that is set here.

        Raises:
            ConfigError: a preset of your own that is not there, a weight that is no finite number, two terms that
                metrics could not tell apart, or an unknown verifier.

        Example:
            >>> RewardConfig(weights={"correct": 1.0, "my_package.rewards.language": 0.2}).build().terms
            ['correct', 'my_package.rewards.language']
        """
        return self._with_changes(PRESETS.find(self.preset))

    def presets(self) -> "list[Preset]":
        """Return the presets of all routes, in their order; without routes the one of the job.

        Raises:
            ConfigError: as `build`.
        """
        if not self.routes:
            return [self.build()]
        return [self._with_changes(as_preset(route)) for route in self.routes]

    def all_extractors(self) -> list[str]:
        """Return the extractors of all presets, each once: an agent loop does not know the domain of a response."""
        names: list[str] = []
        for preset in self.presets():
            names += preset.extractors
        return list(dict.fromkeys(names))

    def _with_changes(self, preset: "Preset") -> "Preset":
        """Return a preset with everything that is set here."""
        changes = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name not in ("preset", "routes") and value is not None:
                changes[each.name] = value
        return replace(preset, **changes)


def as_preset(route: RouteConfig) -> "Preset":
    """Return the preset that a route names; a term of the user's own alone is one that says what is right.

    Raises:
        ConfigError: there is no such object, or it is neither.
    """
    from still_verl.rewards.presets import Preset

    found = ROUTED.find(route.reward, f"{route.key} with reward")
    if isinstance(found, Preset):
        return found
    return Preset({route.reward: 1.0}, judge=route.reward)


_EXAMPLE = "[{source: gsm8k, reward: boxed}]"
_KINDS: Mapping[str, tuple[Any, str]] = {
    "source": (str, "text"),
    "reward": (str, "a name"),
    "weight": ((int, float), "a number"),
    "normalize": ((list, NoneType), "two numbers, [-1, 1]"),
    "name": ((str, NoneType), "a name"),
}


def check_form(routes: Any) -> None:
    """Check the form of routes as they are written, before they become settings.

    Raises:
        ConfigError: they are no list of mappings, a key that no route has, or a value of another type.
    """
    if not isinstance(routes, list):
        raise ConfigError(f"{ROUTES}={routes!r}: use a list of routes, {_EXAMPLE}")
    for index, route in enumerate(routes):
        key = f"{ROUTES} has in place {index}"
        if not isinstance(route, Mapping):
            raise ConfigError(f"{key} {route!r}: use a source and a reward, {_EXAMPLE}")
        for name, value in route.items():
            if name not in _KINDS:
                known = f"use {', '.join(_KINDS)}{did_you_mean(str(name), _KINDS)}"
                raise ConfigError(f"{key} {name}={value!r}, which is not a setting of a route: {known}")
            kinds, words = _KINDS[name]
            texts = isinstance(value, list) and any(as_number(each) is None for each in value)
            if not isinstance(value, kinds) or isinstance(value, bool) or texts:
                raise ConfigError(f"{key} {name}={value!r}: use {words}")
