"""What an OpenAI-compatible server is asked, and what its answer is: a sample, a fault, or a reason to ask again."""

import json
import math
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from still_verl.evaluation.columns import as_count, whole_text
from still_verl.evaluation.engines.base import EngineError, Reply, Request

MAX_MESSAGE = 200  # characters of a server's message that are shown
MAX_TOKENS = 10**12  # of a reply; a count beyond is as good as none, and too large for a price

LOWERED = "samples that the server cut before the asked max_tokens"
NO_FINISH = "replies without a finish_reason"
ONLY_THOUGHTS = "replies with reasoning and no content, whose reasoning was read"

NO_TOKENS = (
    "the server returns no token ids, so that a response cannot go on behind the output of a program; "
    "use a server of vLLM's (it knows `return_token_ids`), or --engine vllm"
)

_OF_ALL = (401, 402, 403, 404)  # the key, the account or the model is wrong, for every request
_OF_THIS = (400, 413, 422)  # another try would be answered alike
_FINISHED = ("stop", "length", "eos", "eos_token", "stop_sequence", "tool_calls")
_NOT_WHAT_IT_SHOULD_BE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_NOT_AGAIN = ("content_filter",)


class AskAgain(Exception):
    """The server failed; another try may not.

    Attributes:
        after_s: seconds that the server asked to wait; None if it did not say.
        paid: what the answer cost, where there was one.
    """

    def __init__(self, reason: str, after_s: float | None = None, paid: Reply | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s
        self.paid = paid


def completion(base: str, model: str, request: Request) -> tuple[str, dict[str, Any]]:
    """Return the address and the body that ask for one sample."""
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": model,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": request.seed,
    }
    if sampling.top_k:
        body["top_k"] = sampling.top_k
    if request.part is not None and request.part.exact:
        body["return_token_ids"] = True
        if request.part.stops:
            body |= {"stop": list(request.part.stops), "include_stop_str_in_output": True}
    if request.prompt.messages:
        return f"{base}/chat/completions", body | {"messages": request.prompt.as_chat()}
    if request.prompt.tokens is not None:
        return f"{base}/completions", body | {"prompt": list(request.prompt.tokens)}
    return f"{base}/completions", body | {"prompt": request.prompt.text}


def read_reply(status: int, body: bytes, headers: Any, request: Request) -> Reply:
    """Read one answer of a server.

    Raises:
        AskAgain: it failed in a way that may pass.
        EngineError: it refuses every request, or gives no tokens of a part.
    """
    if status in _OF_ALL:
        raise EngineError(f"the server answers {status}: {_message(body)}")
    if status in _OF_THIS:
        return Reply(fault=f"the server answers {status}: {_message(body)}")
    if status != 200:
        raise AskAgain(f"the server answers {status}: {_message(body)}", _retry_after(headers))
    answer = _parsed(body)
    paid = paid_of(answer)
    try:
        choice = answer["choices"][0]
        text, note = _text(choice)
    except _NOT_WHAT_IT_SHOULD_BE:
        raise AskAgain(f"the server answers garbage: {_shown(body)}", paid=paid) from None
    reply = _sample(choice, text, note, paid, request)
    if reply.fault or request.part is None or not request.part.exact:
        return reply
    return _as_part(reply, choice)


def _parsed(body: bytes) -> Any:
    """What an answer says; None for what is no JSON. It is UTF-8: in another encoding a key would not be found."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def paid_of(answer: Any) -> Reply:
    """Return what an answer cost and who gave it, which is known even where the answer is of no use."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    counts = usage if isinstance(usage, dict) else {}
    asked, written = _paid(counts.get("prompt_tokens")), _paid(counts.get("completion_tokens"))
    model = answer.get("model") if isinstance(answer, dict) else None
    return Reply(tokens=written, prompt_tokens=asked, model=model if isinstance(model, str) else "")


def _paid(value: Any) -> int | None:
    """A number of tokens; None for one below 0, with which a server could pay a budget back, or beyond sense."""
    count = as_count(value)
    return count if count is not None and 0 <= count <= MAX_TOKENS else None


def _sample(choice: dict[str, Any], text: str | None, note: str, paid: Reply, request: Request) -> Reply:
    finish, tokens = choice.get("finish_reason"), paid.tokens
    if finish is not None:
        finish = one_line(str(finish))  # it stands in messages, and may be anything
    if text is None:
        return replace(paid, fault=f"the reply has no content (finish_reason {finish})", finish_reason=finish)
    if finish in _NOT_AGAIN:
        return replace(paid, fault=f"the server ended the reply: finish_reason {finish}")
    if finish is None:
        note = note or NO_FINISH
    elif finish not in _FINISHED:
        raise AskAgain(f"the server ended the reply: finish_reason {finish}", paid=paid)
    if finish == "length" and tokens is not None and tokens < request.sampling.max_tokens:
        note = note or LOWERED
    return replace(paid, text=text, finish_reason=finish, note=note)


def _as_part(reply: Reply, choice: dict[str, Any]) -> Reply:
    """A reply with its tokens, which are continued as they are: a text would be cut into others."""
    ids = choice.get("token_ids")
    if not isinstance(ids, list) or not all(type(token) is int for token in ids):
        raise EngineError(NO_TOKENS)
    # Where a text stopped it, `stop_reason` is that text.
    ended = reply.finish_reason != "length" and not isinstance(choice.get("stop_reason"), str)
    return replace(reply, token_ids=tuple(ids), tokens=len(ids), ended=ended)


def _text(choice: dict[str, Any]) -> tuple[str | None, str]:
    """The response with its thoughts, which some servers put aside; and what to note about it."""
    message = choice.get("message")
    if message is None:
        return _as_text(choice["text"]), ""
    content = _as_text(message.get("content"))
    thoughts = _as_text(message.get("reasoning_content") or message.get("reasoning"))
    if not thoughts:
        return content, ""
    if not content:
        return f"<think>{thoughts}", ONLY_THOUGHTS
    return f"<think>{thoughts}</think>{content}", ""


def _as_text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("the content is no text")
    return None if value is None else whole_text(value)


def _retry_after(headers: Any) -> float | None:
    """Seconds to wait, which a server says as a number or as a date; None where it says neither."""
    said = headers.get("retry-after")
    try:
        seconds = float(said)
    except (TypeError, ValueError):
        return _until(said)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _until(date: Any) -> float | None:
    try:
        then = parsedate_to_datetime(date)
        if then.tzinfo is None:  # "-0000": in UTC, without saying where
            then = then.replace(tzinfo=timezone.utc)
        return max((then - datetime.now(timezone.utc)).total_seconds(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None


def _message(body: bytes) -> str:
    """The server's own message if its answer has one."""
    answer = _parsed(body)
    try:
        error = answer.get("error", answer)
        message = error["message"] if isinstance(error, dict) else error
    except _NOT_WHAT_IT_SHOULD_BE:
        return _shown(body)
    return one_line(str(message))


def _shown(body: bytes) -> str:
    if b"\0" in body:  # another encoding, in which a key would be shown, with gaps
        return "bytes that are no text"
    return one_line(body.decode("utf-8", "replace")) or "nothing"


def one_line(text: str) -> str:
    """Return the begin of what a server said, fit for a message."""
    printable = "".join(character if character.isprintable() else " " for character in text[: 4 * MAX_MESSAGE])
    shown = " ".join(printable.split())
    return shown if len(shown) <= MAX_MESSAGE else f"{shown[: MAX_MESSAGE - 3]}..."
