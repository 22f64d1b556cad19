"""Each domain of a run has its own metrics and its own alarms."""

import json
from typing import Any

import numpy as np
import pytest

from still_verl.monitor.alarms import Watch
from still_verl.monitor.domains import Domains, domain_metrics
from still_verl.monitor.keywords import Keywords
from still_verl.monitor.registries import CONSTANT_REWARD
from still_verl.monitor.rows import StepRows

STEPS, TURN = 300, 150


def rows_of(*samples: tuple[str, float, int]) -> StepRows:
    """Samples as (domain, score, tokens)."""
    infos = [{"domain": domain, "acc": float(score > 0.5), "term_x": score} for domain, score, _ in samples]
    n = len(samples)
    ids = [[7] * tokens for _, _, tokens in samples]
    scores = np.array([score for _, score, _ in samples])
    return StepRows([f"u{i // 2}" for i in range(n)], scores, ["1"] * n, infos, [{}] * n, ids)


def test_metrics_of_a_domain_are_those_of_its_samples() -> None:
    rows = rows_of(("math", 1.0, 4), ("math", 0.0, 2), ("code", 0.8, 9), ("", 1.0, 1))
    found = domain_metrics(rows, ["a", "b", "c", "d"], Keywords({}, []))
    assert list(found) == ["code", "math"]
    math, code = found["math"], found["code"]
    assert (math["still/domain/math/accuracy"], code["still/domain/code/accuracy"]) == (0.5, 1.0)
    assert (math["still/domain/math/score"], code["still/domain/code/score"]) == (0.5, 0.8)
    assert (math["still/domain/math/samples"], math["still/domain/math/length/mean"]) == (2.0, 3.0)
    assert code["still/domain/code/reward/x"] == 0.8


def test_a_run_without_routes_has_none() -> None:
    rows = rows_of(("", 1.0, 4), ("", 0.0, 2))
    assert domain_metrics(rows, ["a", "b"], Keywords({}, [])) == {}


def step(rng: Any, number: int) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Make the metrics of a step: from the turn on, `code` is hacked, and `math` falls by more."""
    after = max(0, number - TURN) / 100

    def noisy(value: float) -> float:
        return value + 0.015 * float(rng.standard_normal())

    code = {"accuracy": noisy(0.55), "score": noisy(0.6 + 0.6 * min(after, 1)), "length/mean": noisy(900)}
    math = {"accuracy": noisy(0.6 - 0.05 * min(after, 1)), "score": noisy(1.4 - 1.0 * min(after, 1))}
    own = {
        name: {f"still/domain/{name}/{key}": value for key, value in values.items()}
        for name, values in (("code", code), ("math", math))
    }
    whole = {
        "still/accuracy": (code["accuracy"] + math["accuracy"]) / 2,
        "critic/score/mean": (code["score"] + math["score"]) / 2,
    }
    if number % 10 == 0:
        own_validation = {"still/validation/domain/code/accuracy": noisy(0.4), "still/validation/accuracy": noisy(0.45)}
        whole |= own_validation
    return whole, own


@pytest.mark.parametrize("seed", range(3))
def test_a_hack_in_one_domain_rings_there_although_the_mean_falls(seed: int) -> None:
    rng = np.random.default_rng(seed)
    domains, watch = Domains(["reward_hacking_score"]), Watch(["reward_hacking_score"])
    rows = rows_of(("code", 1.0, 3), ("code", 0.0, 3), ("math", 1.0, 3), ("math", 0.0, 3))
    begun, of_the_mean, means = [], [], []
    for number in range(1, STEPS + 1):
        whole, own = step(rng, number)
        means.append(whole["critic/score/mean"])
        begun += domains.observe(number, rows, whole, own)
        of_the_mean += watch.observe(number, whole)
    assert np.mean(means[-20:]) < np.mean(means[TURN - 20 : TURN]), "the mean falls"
    assert [alarm.name for alarm in begun] == ["code/reward_hacking_score"] * len(begun) and begun
    assert begun[0].step >= TURN and begun[0].evidence.startswith("in the domain code: ")
    assert of_the_mean == []
    assert domains.active()["still/alarm/code/reward_hacking_score"] == 1.0


def test_a_constant_reward_of_one_domain() -> None:
    domains = Domains([])
    begun = []
    for number in range(1, 7):
        rows = rows_of(("code", 0.0, 3), ("code", 0.0, 3), ("math", 1.0, 3), ("math", 0.0, 3))
        begun += domains.observe(number, rows, {}, domain_metrics(rows, ["a"] * 4, Keywords({}, [])))
    assert [(alarm.name, alarm.step) for alarm in begun] == [(f"code/{CONSTANT_REWARD}", 3)]
    assert domains.active() == {f"still/alarm/code/{CONSTANT_REWARD}": 1.0}
    rows = rows_of(("code", 1.0, 3), ("code", 0.0, 3))
    domains.observe(7, rows, {}, domain_metrics(rows, ["a"] * 2, Keywords({}, [])))
    assert domains.active() == {f"still/alarm/code/{CONSTANT_REWARD}": 0.0}, "it has ended, and is drawn so"


def test_a_resumed_run_goes_on_with_its_domains() -> None:
    rows = rows_of(("code", 1.0, 3), ("code", 0.0, 3))

    def go(domains: Domains, rng: Any, first: int, last: int) -> list[Any]:
        begun = []
        for number in range(first, last):
            whole, own = step(rng, number)
            begun += domains.observe(number, rows, whole, {"code": own["code"]})
        return begun

    whole = go(Domains(["reward_hacking_score"]), np.random.default_rng(0), 1, STEPS)
    rng, before, after = np.random.default_rng(0), Domains(["reward_hacking_score"]), Domains(["reward_hacking_score"])
    parts = go(before, rng, 1, TURN)
    after.load_state_dict(json.loads(json.dumps(before.state_dict())))
    assert whole and parts + go(after, rng, TURN, STEPS) == whole


def test_detectors_of_a_user_look_at_the_whole_run_only() -> None:
    assert Domains(["my_package.alarms.Mine", "plateau"])._detectors == ["plateau"]
