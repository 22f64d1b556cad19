"""Checks categories of keywords, wherever they come from: settings, a user's list, or the `keywords.json` of a run."""

import re
import reprlib
from collections.abc import Sequence

from still_verl.config_errors import ConfigError

MAX_CHARACTERS = 200  # of a word: a longer one is a mistake
SEPARATOR = r"[\s\u2010-\u2015-]"  # white space, and hyphens and dashes

_CATEGORY = re.compile(r"[a-z0-9_]{1,60}")  # a part of a metric's name
_SEPARATORS = re.compile(rf"{SEPARATOR}+")


def parts(word: str) -> list[str]:
    """Split a word at its separators, in lower case; a word of separators alone has no part.

    Example:
        >>> parts(" Double-check ")
        ['double', 'check']
    """
    return _SEPARATORS.sub(" ", word).replace("\u2019", "'").lower().split()


def check_category(key: str, category: object, words: object) -> None:
    """Refuse a category that metrics could not be called by, and what is no list of words.

    Args:
        key: the setting or the file that has the category, for messages.

    Raises:
        ConfigError: names the category, the word and the fix.
    """
    if not isinstance(category, str) or not _CATEGORY.fullmatch(category) or category == "actions":
        raise ConfigError(f"{key} has category {reprlib.repr(category)}: use lower-case letters, not 'actions'")
    where = f"{key}.{category}"
    if isinstance(words, str) or not isinstance(words, Sequence) or not words:
        raise ConfigError(f"{where}={reprlib.repr(words)}: use a list of words")
    for word in words:
        if not isinstance(word, str):
            raise ConfigError(f"{where}={reprlib.repr(words)}: put {reprlib.repr(word)} in quotes, as a word")
        if not parts(word):
            raise ConfigError(f"{where}={reprlib.repr(words)}: remove the empty word")
        if len(word) > MAX_CHARACTERS:
            raise ConfigError(f"{where} has {reprlib.repr(word)}: use words of at most {MAX_CHARACTERS} characters")
