"""The data that a reward of ours is paid by: right answers that can be read, and a route for each source."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from omegaconf import DictConfig

from still_verl import paths
from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.rows_of_job import SOURCE, DataFile, data_files
from still_verl.rewards.gold_check import GoldCheck, GoldChecker
from still_verl.rewards.gold_faults import fault_of
from still_verl.rewards.presets import BOXED, Preset
from still_verl.rewards.routes import Router, UnknownSource, routes_from
from still_verl.rewards.settings import ROUTES

MOST = 5  # sources that a message names


def check_gold_answers(config: DictConfig, still: StillConfig) -> None:
    """Check every row of the local files, where a reward of ours is paid by it.

    Raises:
        ConfigError: names the file, the first faulty row, and how many there are; or a route that no row has.
    """
    router = router_of(config, still)
    if router is not None:
        check_routes(data_files(config), router)
        return
    preset = preset_of(config, still)
    fault = fault_of(preset) if preset is not None else None
    if fault is None:
        return
    for file in data_files(config):
        if _can_be_read(file):
            check_file(file, fault)


def router_of(config: DictConfig, still: StillConfig) -> Router | None:
    """Return what chooses the reward of a row by its source; None in a job that has one reward."""
    if config.reward.reward_manager.name == "still":
        return Router(still.reward) if still.reward.routes else None
    custom = config.reward.custom_reward_function
    if custom.path is None or not paths.is_reward_fn(custom.path):
        return None
    given = custom.get("reward_kwargs") or {}
    if "routes" not in given:
        return None
    return Router(routes_from(given["routes"], given.get("verifier")))


def preset_of(config: DictConfig, still: StillConfig) -> Preset | None:
    """Return the preset that a job is paid by; None for rewards that are not ours.

    Another reward may have anything as `ground_truth`.
    """
    if config.reward.reward_manager.name == "still":
        return still.reward.build()
    custom = config.reward.custom_reward_function
    if custom.path is None or not paths.is_reward_fn(custom.path):
        return None
    return replace(BOXED, verifier=(custom.get("reward_kwargs") or {}).get("verifier", BOXED.verifier))


def check_file(file: DataFile, fault: Callable[[Any], str]) -> None:
    """Check one file, and print how many answers were looked at."""
    checker = GoldChecker(fault)
    for _, _, answer in file.rows(with_source=False):
        checker.add(answer)
    refuse_faulty(file.key, checker.found)
    print(f"still_verl: {file.key}: checked {checker.found.checked:,} different right answers of {checker.rows:,} rows")


def refuse_faulty(where: str, found: GoldCheck) -> None:
    """Raise an error over right answers that nobody can be paid by."""
    if found.faulty:
        raise ConfigError(
            f"{where}: row {found.first_row}: {found.fault}; {found.faulty} of {found.checked} different right answers "
            "are like this: correct or drop those rows"
        )


def check_routes(files: Sequence[DataFile], router: Router) -> None:
    """Check that each row has a route, each route has rows, and each right answer can be read by its reward.

    Raises:
        ConfigError: names sources, counts and first rows.
    """
    used: set[str] = set()
    sources: set[str] = set()
    readable = [file for file in files if _can_be_read(file)]
    for file in readable:
        counts = check_routed_file(file, router)
        sources.update(counts)
        used.update(router.of(source).settings.label for source in counts)
    if len(readable) < len(files):
        return  # what was not read may have the others
    for route in router.routes:
        if route.settings.label not in used:
            have = ", ".join(sorted(sources)[:MOST])
            raise ConfigError(f"{route.settings.key}: no row of the data has such a {SOURCE} ({have}): drop the route")


def check_routed_file(file: DataFile, router: Router) -> Counter[str]:
    """Check one file, print what each route has of it, and return the rows of each source.

    Raises:
        ConfigError: as `check_routes`.
    """
    checkers = {route.settings.label: _checker(route.preset) for route in router.routes}
    counts: Counter[str] = Counter()
    unknown: dict[str, int] = {}
    for number, source, answer in file.rows():
        counts[source] += 1
        try:
            label = router.of(source).settings.label
        except UnknownSource:
            unknown.setdefault(source, number)
            continue
        checkers[label].add(answer, number)
    if unknown:
        raise ConfigError(f"{file.key}: {_unknown_rows(unknown, counts, router)}")
    for route in router.routes:
        found, label = checkers[route.settings.label].found, route.settings.label
        refuse_faulty(f"{file.key}: {route.settings.key}", found)
        print(f"still_verl: {file.key}: {label} by {route.settings.reward}: {found.rows:,} rows")
    return counts


def _unknown_rows(first: Mapping[str, int], counts: Counter[str], router: Router) -> str:
    """Say which sources have no route, with their rows."""
    named = [f"{source!r} ({counts[source]:,} rows, first {first[source]})" for source in list(first)[:MOST]]
    if len(first) > MOST:
        named.append(f"{len(first) - MOST} more")
    patterns = ", ".join(route.settings.source for route in router.routes)
    return f"{SOURCE} {', '.join(named)}: none of {ROUTES} matches it ({patterns}); add a route, or drop those rows"


def _checker(preset: Preset) -> GoldChecker:
    return GoldChecker(fault_of(preset) or _all_is_well)


def _all_is_well(ground_truth: Any) -> str:
    return ""


def _can_be_read(file: DataFile) -> bool:
    """Whether a file can be looked at here; else say that it is not."""
    if not file.readable:
        print(f"still_verl: {file.key}: its right answers were not checked, only those of local files are")
    return file.readable
