"""What a run left behind, as data."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from still_verl.logs.series import Values
from still_verl.monitor.keywords import WORDS, Words
from still_verl.monitor.metric_names import VERL_OF_SEVERAL, VERL_VALIDATION
from still_verl.report.samples.phase import PhaseSamples

VALIDATION_ACCURACY = "still/validation/accuracy"
ALARM = "still/alarm/"

Stretch = tuple[int, int]  # the first and the last of consecutive logged steps


@dataclass(frozen=True)
class Run:
    """A run, as far as its folder or log tells.

    Attributes:
        name: unique among the runs of a page.
        path: the folder, or the log file.
        series: values by step, by metric.
        samples: by phase, "training" and "validation".
        config: values by dotted key; secrets are masked.
        overrides: what the command line set.
        versions: of packages, as far as the run recorded them.
        evidence: of alarms by name, what was seen and what to do about it.
        problems: what could not be read, in words.
        words: keywords by category, those that the run counted.
        format: a name of `still_verl.logs.registries.FORMATS`; empty where there is no log.
        total: steps that the run is to have, where its log says so.
    """

    name: str
    path: Path
    series: dict[str, Values] = field(default_factory=dict)
    samples: dict[str, PhaseSamples] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    overrides: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    words: Words = field(default_factory=lambda: WORDS)
    format: str = ""
    total: int | None = None

    @cached_property
    def steps(self) -> list[int]:
        """Every step that some metric was logged for, in order."""
        steps: set[int] = set()
        for values in self.series.values():
            steps.update(values)
        return sorted(steps)

    def known(self, key: str) -> list[tuple[int, float]]:
        """Return (step, value) of a metric where it is finite; empty for a metric that the run does not have."""
        return [(step, value) for step, value in self.series.get(key, {}).items() if value is not None]

    def first_of(self, *keys: str) -> str | None:
        """Return the first of some metrics that the run has a finite value of."""
        for key in keys:
            if self.known(key):
                return key
        return None

    def matching(self, pattern: re.Pattern[str]) -> list[tuple[str, str]]:
        """Return (text of the pattern's first group, metric) of every metric that a pattern fits, in order of names."""
        found = []
        for key in sorted(self.series):
            match = pattern.match(key)
            if match and self.known(key):
                found.append((match[1], key))
        return found

    def validations(self) -> list[tuple[str, str]]:
        """Return (label, metric) of held-out accuracy: in all, and of each source of problems where there are several.

        `still/validation/accuracy` is preferred: verl's figure is the mean score where a reward returns no `acc`.
        The best of several samples, and their majority, stand in where there is no mean.
        """
        sources = self.matching(VERL_VALIDATION)
        with_mean = {source for source, _ in sources}
        for source, key in self.matching(VERL_OF_SEVERAL):
            if source not in with_mean:
                sources.append((f"{source}, {key.split('/')[-2]}", key))
        if not self.known(VALIDATION_ACCURACY):
            return sources
        if len(sources) == 1:  # both say the same: ours under the source's name
            source, _ = sources[0]
            return [(source, VALIDATION_ACCURACY)]
        return [("validation", VALIDATION_ACCURACY), *sources]

    def alarms(self) -> dict[str, list[Stretch]]:
        """Return the stretches of steps in which each alarm was active, by its name; without those that never were."""
        return self._alarms

    @cached_property
    def _alarms(self) -> dict[str, list[Stretch]]:
        found = {}
        for key, values in self.series.items():
            stretches = _stretches(values)
            if key.startswith(ALARM) and stretches:
                found[key.removeprefix(ALARM)] = stretches
        return found


def _stretches(values: Values) -> list[Stretch]:
    """Return the stretches of steps whose value is neither 0 nor missing."""
    stretches: list[Stretch] = []
    active = False
    for step, value in values.items():
        if value and active:
            first, _ = stretches[-1]
            stretches[-1] = (first, step)
        elif value:
            stretches.append((step, step))
        active = bool(value)
    return stretches
