"""Which reward a row gets by its source of data, where one run has several domains.

Every row has the same keys, whatever its domain: verl takes those of a whole batch from its first row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from still_verl.config_errors import did_you_mean
from still_verl.rewards.compose import Row, score_sample, unscored
from still_verl.rewards.patterns import matches
from still_verl.rewards.presets import Preset
from still_verl.rewards.sample import Sample
from still_verl.rewards.settings import ROUTES, RewardConfig, RouteConfig, check_form

ROUNDING = 1e-9  # of a sum of terms, as a part of its range
DOMAIN = "domain"  # the key of a row that names its route


class UnknownSource(ValueError):
    """No route is for a source of data; the message names it and all patterns."""


@dataclass(frozen=True)
class Route:
    """One of `still.reward.routes`, ready to score.

    Attributes:
        settings: of the route.
        preset: what it pays for.
    """

    settings: RouteConfig
    preset: Preset

    def scaled(self, score: float) -> float:
        """Return a reward as it is learned from: normalized, then times the weight.

        Raises:
            ValueError: it is outside of the range that the job gave.

        Example:
            >>> from still_verl.rewards.presets import DISTILL
            >>> Route(RouteConfig("math", "distill", weight=0.5, normalize=[-1, 1]), DISTILL).scaled(1.0)
            0.5
        """
        bounds = self.settings.normalize
        if bounds is not None:
            low, high = bounds
            slack = ROUNDING * (high - low)
            if not low - slack <= score <= high + slack:
                raise ValueError(
                    f"{self.settings.key}.normalize={list(bounds)}: the reward is {score:g}; give its whole range"
                )
            score = (score - low) / (high - low)
        return self.settings.weight * score


class Router:
    """Scores each sample by the route of its source.

    Attributes:
        routes: in their order, at least one.
    """

    def __init__(self, settings: RewardConfig) -> None:
        """Build the preset of each route.

        Raises:
            ConfigError: a reward that is not there.
        """
        pairs = zip(settings.routes, settings.presets(), strict=True)
        self.routes = [Route(route, preset) for route, preset in pairs]
        self._keys: Row = {}
        for route in self.routes:
            self._keys |= dict.fromkeys(unscored(route.preset))

    def of(self, source: str) -> Route:
        """Return the route of a source of data.

        Raises:
            UnknownSource: there is none.

        Example:
            >>> Router(RewardConfig(routes=[RouteConfig("math*", "boxed")])).of("math500").settings.label
            'math'
        """
        for route in self.routes:
            if matches(route.settings.source, source):
                return route
        patterns = [route.settings.source for route in self.routes]
        raise UnknownSource(
            f"data_source={source!r}: none of {ROUTES} matches it ({', '.join(patterns)}); add a route for it, or drop "
            f"those rows{did_you_mean(source, patterns)}"
        )

    def score(self, sample: Sample, route: Route) -> Row:
        """Score a sample whose preset is that of its route, perhaps with another `prefilled_think`.

        Returns:
            The row of `compose.score_sample` with the name of the domain, and with the terms of all domains: None for
            those that are not of its own. `score` is normalized and weighted; `acc` and terms are as they were.

        Raises:
            ValueError: as `score_sample`, or a reward outside of its range.
        """
        row = score_sample(sample)
        score = row["score"]
        assert isinstance(score, float)
        return self._keys | row | {"score": route.scaled(score), DOMAIN: route.settings.label}

    def unscored(self, route: Route | None) -> Row:
        """Return a row with the keys of `score` for a response that could not be scored; None without a route."""
        known = route or self.routes[0]
        label = route.settings.label if route else ""
        return self._keys | unscored(known.preset) | {DOMAIN: label}


def routes_from(written: Sequence[Any], verifier: str | None = None) -> RewardConfig:
    """Read routes as a job writes them outside of the node `still`; OmegaConf's lists and mappings are read too.

    Raises:
        ConfigError: as the settings of `still.reward.routes`.
    """
    routes = [_plain(route) for route in written]
    check_form(routes)
    return RewardConfig(routes=[RouteConfig(**route) for route in routes], verifier=verifier)


def _plain(value: Any) -> Any:
    """A setting as Python's own mapping or list."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return value
