"""The rules of selection are tried on groups as they will be: what they read must be there, and some sample be kept."""

from collections.abc import Iterator

import numpy as np
from omegaconf import DictConfig

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.dynamics.registries import SELECTION_RULES
from still_verl.dynamics.selection import Group, select
from still_verl.dynamics.settings import SelectionConfig
from still_verl.integration.checks.loops import DEFAULT_LOOP, follows_the_step, loops, runs_code
from still_verl.tracked import tracked

GROUPS_TRIED = 64  # of random responses, beside those that are made for each number of right ones


def check_selection(config: DictConfig, still: StillConfig) -> None:
    """Try the rules of a job.

    Raises:
        ConfigError: a rule that fails, one that needs to know how responses ended, or of void turns, while nobody says
            it, or rules of ours that keep nothing of any group of the job's size.
    """
    settings = still.selection
    if not settings.rules:
        return
    size, limit = config.actor_rollout_ref.rollout.n, config.data.max_response_length
    read: set[str] = set()
    kept = 0
    for group in example_groups(size, limit):
        kept += _try(settings, group, read)
    if "finished" in read:
        check_finish_reasons(config, settings)
    if "void_turns" in read and not runs_code(config):
        raise ConfigError(
            f"still.selection.rules={settings.rules}: the agent loop {', '.join(loops(config))} counts no void turns, "
            "so that nothing would be dropped; set still/rollout=code"
        )
    if kept == 0 and all(rule in SELECTION_RULES for rule in settings.rules):
        raise ConfigError(
            f"still.selection.rules={settings.rules}: with actor_rollout_ref.rollout.n={size} they keep no sample "
            f"of any group (still.selection.accuracy={settings.accuracy}); sample more responses, or choose other rules"
        )


def _try(settings: SelectionConfig, group: Group, read: set[str]) -> int:
    """Apply the rules to one group, note what they read of it, and count what they keep."""
    watched, names = tracked(group)
    try:
        for name in settings.rules:  # each alone sees a whole group; `select` hands on copies
            SELECTION_RULES.find(name)(watched, settings)
        read |= names
        return int(select(["prompt"] * len(group), group, settings).sum())
    except ConfigError:
        raise
    except Exception as error:  # whatever a rule of the user's own raises
        raise ConfigError(
            f"still.selection.rules={settings.rules}: with a group of {len(group)} responses: "
            f"{' '.join(str(error).split())}; correct that function"
        ) from error


def example_groups(size: int, limit: int) -> Iterator[Group]:
    """Yield groups of `size` responses of at most `limit` tokens: with each number of right ones, and random ones."""
    lengths = np.linspace(1, limit, size).astype(int)
    for right in range(size + 1):
        correct = np.arange(size) >= size - right  # the longest are right
        yield Group(correct, lengths, np.ones(size, bool), correct.astype(float), np.zeros(size, int))
    random = np.random.default_rng(0)
    for _ in range(GROUPS_TRIED):
        correct = random.random(size) < random.random()
        finished = random.random(size) < 0.8
        void_turns = random.integers(0, 2, size)
        yield Group(correct, random.integers(1, limit + 1, size), finished, random.normal(size=size), void_turns)


def check_finish_reasons(config: DictConfig, settings: SelectionConfig) -> None:
    """Check that all agent loops of the job say how a response ended; else each would count as finished."""
    for name, loop in loops(config).items():
        if not follows_the_step(loop):
            raise ConfigError(
                f"still.selection.rules={settings.rules}: the agent loop {name} does not say whether a response was "
                f"cut, so that nothing would be dropped; set {DEFAULT_LOOP}=still"
            )
