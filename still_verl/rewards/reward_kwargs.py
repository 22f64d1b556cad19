"""The keywords of a reward function: one that nothing reads is a mistake."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from still_verl import paths
from still_verl.config_errors import ConfigError, did_you_mean

# What verl passes to a reward function, and what a row that lacks it has.
COLUMNS: Mapping[str, Any] = {"data_source": "unknown", "solution_str": "", "ground_truth": "", "extra_info": None}


def refuse_unread(reward: Callable[..., Any], keywords: Mapping[str, Any], prefix: str) -> None:
    """Refuse a keyword that a reward does not read. A function of the user's with `**kwargs` may read any.

    Args:
        reward: the function.
        keywords: what is given, by name.
        prefix: what stands before a name in the message.

    Raises:
        ConfigError: names the keyword and those that there are.
    """
    parameters = inspect.signature(reward).parameters.values()
    reads_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    if reads_any and not paths.is_reward_fn(inspect.getfile(reward)):
        return  # our own files take `**kwargs` for what verl passes, and read none of it
    named = [parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
    known = [name for name in named if name not in COLUMNS]
    for name, value in keywords.items():
        if name not in known:
            raise ConfigError(
                f"{prefix}{name}={value}: the reward does not read it; it reads {', '.join(known) or 'none'}"
                f"{did_you_mean(name, known)}"
            )
