"""Reads the text forms of tests: JSON, and the compressed JSON of LiveCodeBench. Nothing that is read is run."""

import base64
import binascii
import io
import json
import pickle
import zlib
from typing import Any, NoReturn

from still_verl.rewards.code.problem import MAX_BYTES, UnreadableTests

_DIGITS = 4000  # of an integer that Python reads at once


class _TextOnly(pickle.Unpickler):
    """Reads pickled text: nothing can be looked up, so that nothing can be called."""

    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        """Refuse every object that is not built in."""
        raise pickle.UnpicklingError(f"it names {module_name}.{global_name}")


def read_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        UnreadableTests: it is none.

    Example:
        >>> read_json('{"inputs": [1]}')
        {'inputs': [1]}
    """
    if len(text) > 2 * MAX_BYTES:
        raise UnreadableTests(f"the text has {len(text) >> 20} MiB; keep {2 * MAX_BYTES >> 20} of them at most")
    try:
        return json.loads(text, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise UnreadableTests(f"it is not JSON ({error})") from error


def _integer(digits: str) -> int:
    """Read an integer of any length: mathematics has long ones."""
    if len(digits) <= _DIGITS:
        return int(digits)
    value, plain = 0, digits.lstrip("-")
    for start in range(0, len(plain), _DIGITS):
        part = plain[start : start + _DIGITS]
        value = value * 10 ** len(part) + int(part)
    return -value if digits.startswith("-") else value


def decompress(text: str) -> Any:
    """Return the tests in a text of LiveCodeBench: JSON, or Base64 of a compressed pickle of JSON.

    Raises:
        UnreadableTests: it is neither, or would be too large.
    """
    if text.lstrip()[:1] in ("[", "{"):
        return read_json(text)
    try:
        unpacked = zlib.decompressobj()
        data = unpacked.decompress(base64.b64decode(text, validate=True), 2 * MAX_BYTES)
        if unpacked.unconsumed_tail:
            raise UnreadableTests(f"compressed tests have more than {2 * MAX_BYTES >> 20} MiB")
        pickled = _TextOnly(io.BytesIO(data)).load()
    except (binascii.Error, zlib.error, ValueError, EOFError, pickle.UnpicklingError) as error:
        if isinstance(error, UnreadableTests):
            raise
        raise UnreadableTests(f"neither JSON nor compressed tests ({error})") from error
    if not isinstance(pickled, str):
        raise UnreadableTests(f"compressed tests are a {type(pickled).__name__}, and not text")
    return read_json(pickled)
