"""What the engine `openai` reads in a reply: how long to wait, what was paid, and no key."""

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from still_verl.evaluation.engines.base import Request
from still_verl.evaluation.engines.completions import AskAgain, paid_of, read_reply
from still_verl.evaluation.engines.server_key import without_key
from still_verl.evaluation.prompts import Prompt
from still_verl.evaluation.protocols import Sampling

REQUEST = Request(("", "", 0), Prompt(text=""), Sampling(), 0)


def asked_wait(said: str) -> float | None:
    with pytest.raises(AskAgain) as error:
        read_reply(429, b"", {"retry-after": said}, REQUEST)
    return error.value.after_s


# What a server says, and the least and the most seconds that it asks for.
AFTER: dict[str, tuple[str, float | None, float | None]] = {
    "number": ("2", 2, 2),
    "below 0": ("-5", 0, 0),
    "huge": ("9" * 400, None, None),
    "garbage": ("soon", None, None),
    "nan": ("nan", None, None),
    "past": ("Wed, 21 Oct 2015 07:28:00 -0000", 0, 0),
    "no date": ("Wed, 99 Oct 2015 07:28:00 GMT", None, None),
}


@pytest.mark.parametrize("name", AFTER)
def test_how_long_a_server_asks_to_wait(name: str) -> None:
    said, least, most = AFTER[name]
    after = asked_wait(said)
    if least is None or most is None:
        assert after is None
    else:
        assert after is not None and least <= after <= most


def test_a_wait_may_be_a_date() -> None:
    in_an_hour = format_datetime(datetime.now(timezone.utc) + timedelta(hours=1), usegmt=True)
    after = asked_wait(in_an_hour)
    assert after is not None and 3000 <= after <= 3600


ODD_COUNTS = [10**400, -1, float("nan"), float("inf"), 1.5, "many", True, None]


@pytest.mark.parametrize("count", ODD_COUNTS)
def test_a_number_of_tokens_that_is_none_is_not_known(count: object) -> None:
    assert paid_of({"usage": {"prompt_tokens": 3, "completion_tokens": count}}).tokens is None


LEAKS = {
    "plain": b"sk-1234/5678",
    "a slash as PHP writes it": rb"sk-1234\/5678",
    "escapes": rb"\u0073\u006B-1234\u002f5678",
    "JSON in JSON": rb"\\u0073k-1234\\/5678",
}


@pytest.mark.parametrize("written", LEAKS.values(), ids=LEAKS)
def test_a_key_is_found_however_json_writes_it(written: bytes) -> None:
    assert without_key(b'{"a": "' + written + b'"}', "sk-1234/5678") == b'{"a": "[key]"}'


def test_a_key_that_only_fills_a_place_changes_no_text() -> None:
    assert without_key(b'{"choices": "EMPTY"}', "EMPTY") == b'{"choices": "EMPTY"}'


@pytest.mark.timeout(30)
def test_looking_for_a_key_takes_no_longer_for_any_text() -> None:
    text = b"\\" * 500_000
    assert without_key(text, "sk-1234/5678") == text


def test_a_reply_in_another_encoding_is_none() -> None:
    """Its key would not be found."""
    answer = json.dumps({"choices": [{"message": {"content": "sk-1234"}, "finish_reason": "stop"}]})
    with pytest.raises(AskAgain, match="garbage: bytes that are no text"):
        read_reply(200, answer.encode("utf-16"), {}, REQUEST)
