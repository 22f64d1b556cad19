"""The choice of prompts: it is tried on problems made up, and what decides the order beside it is refused."""

import numpy as np
from omegaconf import DictConfig

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.dynamics.beliefs import Belief
from still_verl.dynamics.curriculum import worth_of
from still_verl.dynamics.registries import CHOOSERS
from still_verl.dynamics.settings import CurriculumConfig
from still_verl.integration.checks.data import read_columns
from still_verl.integration.checks.run_length import listed
from still_verl.stats.beta_binomial import Spread
from still_verl.tracked import tracked

KEY = "still.curriculum"
RIGHT = ("acc", "reward", "score")  # metrics of verl's that are above 0 for a right response
GRADES = ("pass_rate", "n")  # columns of `still-verl data difficulty`
PROBLEMS = 64  # that are made up


def check_curriculum(config: DictConfig, still: StillConfig) -> None:
    """Look at the settings of a job that chooses its problems; no file is opened.

    Raises:
        ConfigError: a function that fails, a setting that nobody reads, or a metric that does not say what is right.
    """
    settings = still.curriculum
    if settings.choose is None:
        return
    if not config.data.shuffle:
        raise ConfigError(
            f"data.shuffle=False: {KEY}.choose={settings.choose} decides the order of the problems; drop data.shuffle, "
            "or set still/curriculum=inherit"
        )
    groups = config.algorithm.get("filter_groups")
    if groups is not None and groups.enable and groups.metric not in RIGHT:
        raise ConfigError(
            f"algorithm.filter_groups.metric={groups.metric}: {KEY} learns from replaced groups whether they are all "
            "right or all wrong, which this does not say; set algorithm.filter_groups.metric=acc"
        )
    if settings.rest_at is None and settings.rest_steps is not None:
        raise ConfigError(
            f"{KEY}.rest_steps={settings.rest_steps}: {KEY}.rest_at=null lets none rest; drop one of them"
        )
    _try(settings)


def _try(settings: CurriculumConfig) -> None:
    """Rank problems of which some were never asked, and see whether the target is read."""
    random = np.random.default_rng(0)
    samples = random.integers(0, 3, PROBLEMS) * 8.0
    right = np.round(random.random(PROBLEMS) * samples)
    belief = Belief(right, samples - right, (samples > 0).astype(int), Spread())
    watched, read = tracked(settings)
    try:
        worth_of(CHOOSERS.find(str(settings.choose)), belief, watched, random)
    except ValueError as error:
        raise ConfigError(f"{error}; correct that function") from error
    if settings.target != CurriculumConfig().target and "target" not in read:
        raise ConfigError(f"{KEY}.target={settings.target}: {KEY}.choose={settings.choose} does not read it: drop it")


def check_grades(config: DictConfig, still: StillConfig) -> None:
    """Check that the training data have pass rates where the curriculum is to begin with them.

    Raises:
        ConfigError: a file without the columns.
    """
    if still.curriculum.choose is None or not still.curriculum.graded:
        return
    for name in listed(config.data.train_files):
        if "://" in name:
            continue
        missing = set(GRADES) - set(read_columns("data.train_files", name))
        if missing:
            raise ConfigError(
                f"{KEY}.graded=True: data.train_files={name} has no column {', '.join(sorted(missing))}; make them "
                f"with `still-verl data difficulty`, or set {KEY}.graded=false"
            )
