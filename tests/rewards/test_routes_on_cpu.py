"""A reward for each source of data, with one set of keys for all."""

import math
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from still_verl.config_errors import ConfigError
from still_verl.rewards.presets import BOXED
from still_verl.rewards.routes import Router, UnknownSource, routes_from
from still_verl.rewards.sample import Sample
from still_verl.rewards.settings import RewardConfig, RouteConfig


def says_yes(sample: Sample) -> float:
    """Pay for the word `yes`, and see the data as they are."""
    assert sample.ground_truth == {"tests": [1]}
    return 2.0 * ("yes" in sample.text)


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "own_domain", SimpleNamespace(says_yes=says_yes, PRESET=BOXED, NUMBER=3))


def router(*routes: dict[str, Any], **settings: Any) -> Router:
    return Router(RewardConfig(routes=[RouteConfig(**route) for route in routes], **settings))


MIXED = (
    {"source": "math*", "reward": "distill", "weight": 0.5, "normalize": [-1, 1]},
    {"source": "r1", "reward": "zero"},
    {"source": "own", "reward": "own_domain.says_yes", "name": "words"},
)


def score(routes: Router, source: str, text: str, gold: Any) -> dict[str, Any]:
    route = routes.of(source)
    return routes.score(Sample(text, gold, route.preset, data_source=source), route)


def test_each_source_gets_its_own_reward() -> None:
    routes = router(*MIXED)
    right, wrong = (score(routes, "math500", rf"\boxed{{{answer}}}", "12") for answer in (12, 13))
    assert (right["score"], wrong["score"], right["term_signed"], wrong["term_signed"]) == (0.5, 0.0, 1.0, -1.0)
    assert score(routes, "r1", r"\boxed{12}", "12")["score"] == 0.0, "without the format"
    assert score(routes, "r1", "a</think><answer>12</answer>", "12")["score"] == 1.0
    found = score(routes, "own", "yes", {"tests": [1]})
    assert (found["score"], found["acc"], found["reason"], found["unreadable_gold"]) == (2.0, 1.0, "says_yes=2", 0.0)
    assert score(routes, "own", "no", {"tests": [1]})["acc"] == 0.0


def test_every_domain_has_the_same_keys_and_no_nan() -> None:
    routes = router(*MIXED)
    rows = [score(routes, source, "yes", gold) for source, gold in (("math", "1"), ("r1", "1"))]
    rows += [score(routes, "own", "yes", {"tests": [1]}), routes.unscored(routes.routes[1]), routes.unscored(None)]
    assert len({tuple(row) for row in rows}) == 1
    for row in rows:
        for value in row.values():
            assert value is None or isinstance(value, str) or math.isfinite(value)
    assert [row["domain"] for row in rows] == ["math", "r1", "words", "r1", ""]
    assert rows[0]["term_says_yes"] is None and rows[0]["term_correct"] is None and rows[0]["term_signed"] == -1.0


def test_an_unknown_source_is_named_with_the_nearest_pattern() -> None:
    with pytest.raises(UnknownSource, match=r"data_source='owm': none of still.reward.routes .*; did you mean own\?"):
        router(*MIXED).of("owm")


def test_a_reward_outside_of_its_range_is_an_error_and_a_rounded_sum_is_none() -> None:
    route = router({"source": "own", "reward": "own_domain.says_yes", "normalize": [0, 1]}).routes[0]
    with pytest.raises(ValueError, match=r"still.reward.routes\[own\].normalize=\[0, 1\]: the reward is 2; give its"):
        route.scaled(2.0)
    third = router({"source": "own", "reward": "boxed", "normalize": [0, 0.3]}).routes[0]
    assert third.scaled(0.1 + 0.2) == pytest.approx(1.0)


def test_what_is_set_beside_routes_holds_for_all_of_them() -> None:
    routes = router(*MIXED, verifier="lenient", extractors=["answer_is"])
    assert {route.preset.verifier for route in routes.routes} == {"lenient"}
    assert RewardConfig(routes=[RouteConfig("a", "zero"), RouteConfig("b", "boxed")]).all_extractors() == [
        "answer_tag",
        "boxed",
    ]


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ([("a*", "boxed"), ("ab", "zero")], "routes[ab] and still.reward.routes[a*] match the same source: make one"),
        ([("a", "boxed"), ("a", "boxed")], "routes[a] and still.reward.routes[a] match the same source"),
        ([("a", "boxed"), ("*", "zero")], "match the same source"),
        ([("x/y", "boxed"), ("x_y", "zero")], "would both be called x_y in metrics: give one a name"),
        ([("a", "boxd")], "routes[a].reward='boxd': use one of boxed"),
        ([("", "boxed")], "has a route without source"),
        ([("a", "")], "has a route without reward"),
    ],
)
def test_routes_that_cannot_work_together(routes: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        RewardConfig(routes=[RouteConfig(*route) for route in routes])
    assert said in str(error.value)


@pytest.mark.parametrize("key", ["preset", "weights", "required"])
def test_a_whole_reward_beside_routes(key: str) -> None:
    value: Any = {"preset": "zero", "weights": {"correct": 1.0}, "required": ["format"]}[key]
    with pytest.raises(ConfigError, match=f"still.reward.{key}=.* is set, but still.reward.routes decide the reward"):
        RewardConfig(routes=[RouteConfig("a", "boxed")], **{key: value})


@pytest.mark.parametrize(
    ("reward", "said"),
    [("own_domain.NUMBER", "its type is int, and not a still_verl"), ("own_domain.nothing", "has no nothing")],
)
def test_a_reward_that_is_none(reward: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        router({"source": "a", "reward": reward})
    assert said in str(error.value) and str(error.value).startswith("still.reward.routes[a].reward=")


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        (None, "still.reward.routes=None: use a list of routes"),
        ({"a": "boxed"}, "use a list of routes"),
        (["boxed"], "still.reward.routes[0]='boxed': use a source and a reward"),
        ([{"sorce": "a"}], "still.reward.routes[0].sorce='a' is not a setting of a route: use source, "),
        ([{"source": ["a"]}], "still.reward.routes[0].source=['a']: use text"),
        ([{"source": "a", "weight": "much"}], "weight='much': use a number"),
        ([{"source": "a", "weight": True}], "weight=True: use a number"),
        ([{"source": "a", "reward": "boxed", "weight": 0}], "routes[a].weight=0.0: use a finite number above 0"),
        ([{"source": "a", "reward": "boxed", "weight": math.nan}], "weight=nan: use a finite number above 0"),
        ([{"source": "a", "reward": "boxed", "normalize": [1, 1]}], "normalize=[1.0, 1.0]: give the lowest"),
        ([{"source": "a", "reward": "boxed", "normalize": ["x", 1]}], "normalize=['x', 1]: use two numbers"),
        ([{"source": "a", "reward": "boxed", "normalize": [1]}], "give the lowest"),
        ([{"source": "a", "reward": "boxed", "name": "x/y"}], "name='x/y': use letters"),
    ],
)
def test_how_routes_are_written(routes: Any, said: str) -> None:
    from omegaconf import OmegaConf

    from still_verl.config import still_config

    with pytest.raises(ConfigError) as error:
        still_config(OmegaConf.create({"still": {"reward": {"routes": routes}}}))
    assert said in str(error.value) and "\n" not in str(error.value)


def test_the_name_of_a_domain() -> None:
    names = {"openai/gsm8k*": "openai_gsm8k", "*": "boxed", "code-*": "code", "a?b": "ab"}
    assert {source: RouteConfig(source, "boxed").label for source in names} == names


def test_routes_of_omegaconf_are_read_as_pythons() -> None:
    from omegaconf import OmegaConf

    written = OmegaConf.create([{"source": "a", "reward": "distill", "normalize": [-1, 1]}])
    assert routes_from(written) == routes_from([{"source": "a", "reward": "distill", "normalize": [-1, 1]}])
