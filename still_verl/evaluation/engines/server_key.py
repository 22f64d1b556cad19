"""The key of a server: where it is read, and how it is kept out of everything that is written or shown."""

import os

from still_verl.config_errors import ConfigError

HIDDEN = b"[key]"  # stands where a server repeated the key


def server_key(variable: str) -> str:
    """Return the key that an environment variable has; empty if it is not set.

    Raises:
        ConfigError: it cannot be sent in a header. The key is no part of the message.
    """
    key = os.environ.get(variable, "").strip()
    if not all("!" <= character <= "~" for character in key):
        raise ConfigError(f"{variable}: it has blanks or characters that no key has; set it to the key alone")
    return key


def without_key(content: bytes, key: str) -> bytes:
    """Return what a server sent, without the key that it may repeat in an error or a text.

    Example:
        >>> without_key(b"wrong key: sk-1234", "sk-1234")
        b'wrong key: [key]'
    """
    return content.replace(key.encode(), HIDDEN) if key else content
