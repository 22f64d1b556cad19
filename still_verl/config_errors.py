"""The error for a setting that cannot work: one line with the key, the value and the fix."""

from collections.abc import Iterable
from difflib import get_close_matches


class ConfigError(ValueError):
    """A key of the job's config has a value that cannot work; the message names key, value and fix."""


def one_of(key: str, value: object, known: Iterable[str]) -> None:
    """Refuse a value that is none of `known`.

    Raises:
        ConfigError: names the key, the value, what is known and the nearest of it.
    """
    names = list(known)
    if value not in names:
        raise ConfigError(f"{key}={value!r}: use one of {', '.join(names)}{did_you_mean(value, names)}")


def did_you_mean(value: object, known: Iterable[str]) -> str:
    """Return `; did you mean NAME?` for the known name that is most like `value`, or nothing."""
    nearest = get_close_matches(str(value), list(known), n=1)
    return f"; did you mean {nearest[0]}?" if nearest else ""
