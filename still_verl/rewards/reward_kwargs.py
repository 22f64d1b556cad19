"""The keywords of a reward function: one that nothing reads is a mistake, and so is one that is missing."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from still_verl import paths
from still_verl.config_errors import ConfigError, did_you_mean, one_of
from still_verl.registry import as_number
from still_verl.rewards.equivalence.reading import READINGS
from still_verl.rewards.registries import EXTRACTORS

_STARRED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_COUNTS = frozenset(("max_tokens", "buffer"))  # keywords of ours that are numbers of tokens
# What verl passes to a reward function, and what a row that lacks it has.
COLUMNS: Mapping[str, Any] = {"data_source": "unknown", "solution_str": "", "ground_truth": "", "extra_info": None}


def check_keywords(reward: Callable[..., Any], given: Mapping[str, Any], prefix: str) -> None:
    """Refuse a keyword that a reward does not read, and one that it needs and does not get.

    Args:
        reward: the function. One of the user's with `**kwargs` may read any.
        given: the keywords.
        prefix: what stands before a name in the message.

    Raises:
        ConfigError: names the keyword and those that there are.
    """
    try:
        parameters = inspect.signature(reward).parameters.values()
    except ValueError:  # some functions of C do not say
        return
    own = [each for each in parameters if each.kind not in _STARRED and each.name not in COLUMNS]
    known = [each.name for each in own]
    for name, value in given.items():
        if name not in known and not _reads_any(reward):
            raise ConfigError(
                f"{prefix}{name}={value}: the reward does not read it; it reads {', '.join(known) or 'none'}"
                f"{did_you_mean(name, known)}"
            )
    for each in own:
        if each.default is each.empty and each.name not in given:
            raise ConfigError(f"{prefix}{each.name}: the reward needs a value for it; give one")
    if _is_ours(reward):
        _check_values(given, {each.name: each.default for each in own}, prefix)


def _check_values(given: Mapping[str, Any], defaults: Mapping[str, Any], prefix: str) -> None:
    """Refuse what the files of `reward_fns/` would only find wrong at the first response."""
    if "verifier" in given and given["verifier"] != defaults.get("verifier"):
        one_of(f"{prefix}verifier", given["verifier"], READINGS)
    for name in _COUNTS & given.keys():
        number = as_number(given[name])
        if number is None or number < 1 or number != int(number):
            raise ConfigError(f"{prefix}{name}={given[name]}: use a whole number of at least 1")
    extractors = given.get("extractors") or given.get("order") or ()
    if isinstance(extractors, str) or not isinstance(extractors, Sequence):
        raise ConfigError(f"{prefix}extractors={extractors}: write a list, as in [{extractors}]")
    for name in extractors:
        EXTRACTORS.find(str(name), f"{prefix}extractors")


def _reads_any(reward: Callable[..., Any]) -> bool:
    """Say whether a function takes any keyword. Ours take what verl passes besides, and read none of it."""
    kinds = [parameter.kind for parameter in inspect.signature(reward).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds and not _is_ours(reward)


def _is_ours(reward: Callable[..., Any]) -> bool:
    code = getattr(reward, "__code__", None)  # an object with `__call__`, or a partial, has none
    return code is not None and paths.is_reward_fn(code.co_filename)
