"""Groups runs by what differs in their settings: an arm is a set of settings, its runs are seeds of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from still_verl.report.run import Run

# Where a run is, when, and what it is called: never the reason why two runs differ.
PLACES = (
    "still.run_dir",
    "still.name",
    "hydra.",
    "trainer.default_local_dir",
    "trainer.rollout_data_dir",
    "trainer.validation_data_dir",
    "trainer.experiment_name",
    "trainer.project_name",
    "trainer.logger",
)
SEED = re.compile(r"(^|[._])seed$")
NAMED = 3  # settings in the name of an arm


@dataclass(frozen=True)
class Arm:
    """Runs with the same settings.

    Attributes:
        name: what tells it from the other arms; the name of the run where it has one only and that says nothing.
        seeds: of its runs, in their order; "" where it is not known.
    """

    name: str
    runs: list[Run]
    seeds: list[str]


def group(runs: Sequence[Run]) -> list[Arm]:
    """Group runs into arms, in the order of their first runs."""
    keys = differing(runs)
    seeds = list(filter(SEED.search, keys))
    deciding = without_seeds(keys)
    grouped: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        grouped.setdefault(_identity(run, deciding), []).append(run)
    names = _names(list(grouped.values()), deciding)
    arms = []
    for name, members in zip(names, grouped.values(), strict=True):
        arms.append(Arm(name, members, [seed_of(run, seeds) for run in members]))
    return arms


def runs_of(arms: Sequence[Arm]) -> list[Run]:
    """Return the runs of all arms, in their order."""
    runs: list[Run] = []
    for arm in arms:
        runs += arm.runs
    return runs


def without_seeds(keys: Sequence[str]) -> list[str]:
    """Return the settings that are no seeds."""
    return [key for key in keys if not SEED.search(key)]


def _identity(run: Run, deciding: Sequence[str]) -> tuple[str, ...]:
    """Return what runs of one arm share."""
    if not run.config:
        return (run.name,)
    return tuple(text(run.config.get(key)) for key in deciding)


def differing(runs: Sequence[Run]) -> list[str]:
    """Return the settings whose value is not the same in all runs that recorded any, without places and names."""
    keys: set[str] = set()
    for run in runs:
        keys.update(run.config)
    found = []
    for key in sorted(keys):
        values = set()
        for run in runs:
            if run.config:
                values.add(text(run.config.get(key)))
        if len(values) > 1 and not key.startswith(PLACES):
            found.append(key)
    return found


def seed_of(run: Run, keys: Sequence[str]) -> str:
    """Return the values of some keys of seeds: once where they agree."""
    values: dict[str, None] = {}
    for key in keys:
        if run.config.get(key) is not None:
            values[text(run.config[key])] = None
    return ", ".join(values)


def text(value: Any) -> str:
    """Return a value of a configuration for people."""
    if value is None:
        return "null"
    return str(value)


def _names(groups: Sequence[Sequence[Run]], deciding: Sequence[str]) -> list[str]:
    """Name arms by what the command line set differently, else by settings, else by their first run."""
    if len(groups) == 1:
        return ["all runs"]
    overridden, settings, firsts = [], [], []
    for group in groups:
        overridden.append(_overridden(group, groups))
        settings.append(_set(group, deciding))
        firsts.append(group[0].name)
    for candidates in (overridden, settings):
        if all(candidates) and len(set(candidates)) == len(candidates):
            return candidates
    return firsts


def _overridden(group: Sequence[Run], groups: Sequence[Sequence[Run]]) -> str:
    """Return the overrides that not all runs have, without those of seeds and places."""
    everywhere = set(groups[0][0].overrides)
    for others in groups:
        for run in others:
            everywhere &= set(run.overrides)
    found = []
    for entry in group[0].overrides:
        key = entry.partition("=")[0].lstrip("+~")
        if entry not in everywhere and not SEED.search(key) and not key.startswith(PLACES):
            found.append(entry.lstrip("+"))
    return _joined(found)


def _set(group: Sequence[Run], deciding: Sequence[str]) -> str:
    run = group[0]
    if not run.config:
        return run.name
    parts = []
    for key in deciding:
        _, _, last = key.rpartition(".")
        parts.append(f"{last}={text(run.config.get(key))}")
    return _joined(parts)


def _joined(parts: Sequence[str]) -> str:
    shown = " ".join(parts[:NAMED])
    if len(parts) > NAMED:
        shown += f" and {len(parts) - NAMED} more"
    return shown
