"""A teacher that follows a script, behind the HTTP of an OpenAI-compatible server: what `data distill` asks.

It is no perfect teacher: some of its programs compute something else or do not run, it makes up outputs, and its server
is overloaded now and then. What it says follows from the problem and the request's seed.
"""

import hashlib
import json
import random
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from still_verl.demo.tools.powers import ASKED, answer

MODEL = "scripted-teacher"
_OUTPUT = re.compile(r"```output\n(.*?)\n?```", re.DOTALL)
_REPLIES = {  # share of its replies
    "right": 0.76,
    "another_power": 0.08,
    "no_program": 0.06,
    "made_up": 0.05,
    "broken": 0.05,
}
_OVERLOADED = 0.03  # share of requests that get status 429 first


class Teacher:
    """Serves at `url` until the `with` ends."""

    def __init__(self) -> None:
        """Take a free port of this machine."""
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> "Teacher":
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def say(messages: list[dict[str, str]], seed: int) -> str:
    """Return the next part of a response.

    Args:
        messages: of the chat so far; outputs of programs are messages of the user.
        seed: of the request.

    Raises:
        ValueError: the chat asks for no power.
    """
    texts = [message["content"] for message in messages if message["role"] == "user"]
    asked = ASKED.search(texts[0])
    if asked is None:
        raise ValueError("this teacher knows powers only, such as 37^45%100=?")
    base, exponent = int(asked[1]), int(asked[2])
    if len(texts) > 1:
        printed = _OUTPUT.search(texts[-1])
        return f"\\boxed{{{printed[1] if printed else ''}}}"
    rng = random.Random(f"{base}^{exponent} {seed}")
    (kind,) = rng.choices(list(_REPLIES), list(_REPLIES.values()))
    return _program(kind, base, exponent)


def _program(kind: str, base: int, exponent: int) -> str:
    right = answer(base, exponent)
    if kind == "no_program":
        return f"\\boxed{{{right}}}"
    if kind == "another_power":
        base += 1  # odd for even, so that its last two digits are others
    expression = f"{base}**{exponent}%100"
    if kind == "broken":
        expression = f"{base}**{exponent}%"
    text = f"```python\nprint({expression})\n```\n"
    if kind == "made_up":
        return f"```output\n{right}\n```\n{text}"
    return text


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.seen: Counter[str] = Counter()
        self.lock = threading.Lock()

    def is_overloaded(self, body: bytes) -> bool:
        """Say whether to refuse a request: some of them, once each."""
        digest = hashlib.sha256(body).hexdigest()
        with self.lock:
            self.seen[digest] += 1
            return self.seen[digest] == 1 and int(digest, 16) % 10_000 < _OVERLOADED * 10_000


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log of requests."""

    def do_GET(self) -> None:
        """Say which models there are."""
        self._reply(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    def do_POST(self) -> None:
        """Answer a chat."""
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.server.is_overloaded(raw):
            self._reply(429, {"error": {"message": "overloaded, try again"}})
            return
        try:
            body = json.loads(raw)
            text = say(body["messages"], body.get("seed") or 0)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            self._reply(400, {"error": {"message": f"{type(error).__name__}: {error}"}})
            return
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": len(raw) // 4, "completion_tokens": len(text) // 4}
        self._reply(200, {"model": MODEL, "choices": [choice], "usage": usage})

    def _reply(self, status: int, said: dict[str, Any]) -> None:
        payload = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)
