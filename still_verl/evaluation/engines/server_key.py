"""The key of a server: where it is read, and how it is kept out of everything that is written or shown."""

import os
import re
from functools import lru_cache

from still_verl.config_errors import ConfigError

HIDDEN = b"[key]"  # stands where a server repeated the key
SECRET = 8  # characters of a key that is one; a shorter one, such as "x", fills a place, and stands in any text


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
    r"""Return what a server sent in UTF-8, without the key that it may repeat, with JSON's escapes or without them.

    Example:
        >>> without_key(b"wrong key: sk-1234/5", "sk-1234/5"), without_key(rb"\\u0073k-1234\\/5", "sk-1234/5")
        (b'wrong key: [key]', b'[key]')
    """
    return _pattern(key).sub(HIDDEN, content) if len(key) >= SECRET else content


@lru_cache
def _pattern(key: str) -> re.Pattern[bytes]:
    # So many backslashes as JSON in JSON needs: without a limit, a text of nothing else would take for ever.
    each = (rf"\\{{0,4}}(?:{re.escape(character)}|u00(?i:{ord(character):02x}))" for character in key)
    return re.compile("".join(each).encode())
