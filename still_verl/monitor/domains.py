"""The domains of a run with routes: each has its own metrics, and is watched as if it were a run by itself.

The mean over domains hides what happens in one: a hack there may rise while the others fall.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from still_verl.monitor.alarms import Alarm, ConstantReward, Watch
from still_verl.monitor.keywords import Keywords
from still_verl.monitor.metric_names import SCORE
from still_verl.monitor.metrics import Texts, step_metrics
from still_verl.monitor.registries import CONSTANT_REWARD, DETECTORS
from still_verl.monitor.rows import StepRows
from still_verl.rewards.routes import DOMAIN

VALIDATION = "validation/"
_WHOLE = "still/"  # how metrics of a whole run begin


def rows_of_domains(rows: StepRows) -> dict[str, list[int]]:
    """Return the samples of each domain, by their indices; nothing in a run without routes.

    Example:
        >>> import numpy as np
        >>> infos = [{"domain": "math"}, {"domain": "code"}, {"domain": "math"}, {}]
        >>> rows_of_domains(StepRows([""] * 4, np.zeros(4), [None] * 4, infos, [{}] * 4, [[]] * 4))
        {'code': [1], 'math': [0, 2]}
    """
    found: dict[str, list[int]] = {}
    for index, info in enumerate(rows.infos):
        if info.get(DOMAIN):
            found.setdefault(str(info[DOMAIN]), []).append(index)
    return dict(sorted(found.items()))


def domain_metrics(
    rows: StepRows, texts: Texts, keywords: Keywords, prefix: str = "still"
) -> dict[str, dict[str, float]]:
    """Compute by domain what `metrics.step_metrics` computes of all samples, the mean score and their number.

    Returns:
        For each domain its metrics, named `<prefix>/domain/<domain>/<name>`.
    """
    found: dict[str, dict[str, float]] = {}
    for name, indices in rows_of_domains(rows).items():
        own, begin = rows.only(indices), f"{prefix}/domain/{name}"
        found[name] = step_metrics(own, [texts[index] for index in indices], keywords, begin)
        found[name] |= {f"{begin}/score": float(own.scores.mean()), f"{begin}/samples": float(len(own))}
    return found


class Domains:
    """Watches each domain of a run.

    An alarm of a domain is called `<domain>/<alarm>`. Detectors of a user's own look at the whole run only: they may
    read metrics that no domain has.
    """

    def __init__(self, detectors: Sequence[str]) -> None:
        """Watch with those of some detectors that are still_verl's."""
        self._detectors = [name for name in detectors if name in DETECTORS]
        self._watches: dict[str, Watch] = {}
        self._constant: dict[str, ConstantReward] = {}
        self._seen: set[str] = set()  # alarms that were seen at some time, whose metric is logged

    def observe(self, step: int, rows: StepRows, metrics: Mapping[str, Any], own: Mapping[str, Any]) -> list[Alarm]:
        """Take in a step, and return the alarms that begin with it.

        Args:
            rows: the samples of the step.
            metrics: of the step, those of a validation among them.
            own: of `domain_metrics`.
        """
        begun: list[Alarm] = []
        indices = rows_of_domains(rows)
        for name, found in own.items():
            row = as_whole_run(name, dict(found) | dict(metrics))
            alarms = self._watch(name).observe(step, row)
            constant = self._constant.setdefault(name, ConstantReward())
            if constant.observe(rows.only(indices[name])) and constant.steps == constant.patience:
                evidence = f"every response of the last {constant.steps} steps got one reward, so nothing is learned"
                alarms.append(Alarm(CONSTANT_REWARD, "critical", step, evidence, "look at its samples and its reward"))
            begun += [of_domain(name, alarm) for alarm in alarms]
        return begun

    def active(self) -> dict[str, float]:
        """Return the metrics `still/alarm/<domain>/<alarm>` of all that was ever seen: 1 while it lasts, else 0."""
        now: set[str] = set()
        for name, watch in self._watches.items():
            now |= {f"{name}/{label}" for label in watch.loud}
        for name, constant in self._constant.items():
            if constant.active:
                now.add(f"{name}/{CONSTANT_REWARD}")
        self._seen |= now
        return {f"still/alarm/{alarm}": float(alarm in now) for alarm in sorted(self._seen)}

    def loud(self, alarm: str) -> bool:
        """Return whether an alarm of a domain is more than a hint."""
        name, _, label = alarm.rpartition("/")
        return label == CONSTANT_REWARD or label in self._watch(name).loud

    def _watch(self, name: str) -> Watch:
        if name not in self._watches:
            self._watches[name] = Watch(self._detectors)
        return self._watches[name]

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must keep, as JSON values."""
        watches = {name: watch.state_dict() for name, watch in self._watches.items()}
        return {"watches": watches, "seen": sorted(self._seen)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        self._seen = set(state["seen"])
        for name, kept in state["watches"].items():
            self._watch(name).load_state_dict(kept)


def as_whole_run(name: str, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics of a domain under the names that they have for a whole run; no others.

    Example:
        >>> metrics = {"still/domain/a/accuracy": 1.0, "still/validation/domain/a/accuracy": 0.5, "actor/entropy": 2.0}
        >>> as_whole_run("a", metrics)
        {'still/accuracy': 1.0, 'still/validation/accuracy': 0.5}
    """
    found: dict[str, Any] = {}
    for phase in ("", VALIDATION):
        begin = f"{_WHOLE}{phase}domain/{name}/"
        for key, value in metrics.items():
            if key.startswith(begin):
                found[f"{_WHOLE}{phase}{key.removeprefix(begin)}"] = value
    score = found.pop(f"{_WHOLE}score", None)
    if score is not None:
        found[SCORE[0]] = score
    return found


def of_domain(name: str, alarm: Alarm) -> Alarm:
    """Return an alarm as one of a domain."""
    return replace(alarm, name=f"{name}/{alarm.name}", evidence=f"in the domain {name}: {alarm.evidence}")
