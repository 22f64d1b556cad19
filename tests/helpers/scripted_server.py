"""An OpenAI-compatible server that answers as a script says, and remembers what it was asked.

A sample is known by its prompt and its seed, and always gets the same answer. What goes wrong is said by `fault`, a
function (prompt, seed, attempt) -> name of a fault; empty for none.
"""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Key = tuple[str, int]
Fault = Callable[[str, int, int], str]

PROBE = "random words"  # in the prompt of what the engine asks before a run


def answer_to(prompt: str, seed: int) -> str:
    """The text of a sample: one of three answers, and some text that tells it from others."""
    digest = hashlib.sha256(f"{prompt}/{seed}".encode()).hexdigest()
    return rf"{digest} so \boxed{{{int(digest, 16) % 3}}}"


def _no_fault(prompt: str, seed: int, attempt: int) -> str:
    return ""


class ScriptedServer:
    """Serves until the `with` ends.

    Attributes:
        asked: how often each sample was asked for.
        answered: how often each sample was answered as it should be.
        most: the most requests that waited for their answers at once.
        write: makes the choice of a reply from the body of a request, or a whole reply; None for `answer_to`.
        bodies: of all requests.
    """

    def __init__(self, fault: Fault = _no_fault, delay_s: float = 0.0, model: str = "scripted") -> None:
        self.asked: Counter[Key] = Counter()
        self.answered: Counter[Key] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.most = 0
        self.write: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        self.now = 0
        self.fault, self.delay_s, self.model = fault, delay_s, model
        self.lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> "ScriptedServer":
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of ours."""


def _handler_of(script: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            if script.model == "drip":
                self.drip()
                return
            self.reply(200, {"data": [{"id": script.model}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with script.lock:
                script.now += 1
                script.most = max(script.most, script.now)
                script.bodies.append(body)
            time.sleep(script.delay_s)
            with script.lock:
                script.now -= 1  # before the answer: who has it may send the next request at once
            self.answer(body)

        def answer(self, body: dict[str, Any]) -> None:
            prompt = body["messages"][-1]["content"] if "messages" in body else str(body["prompt"])
            key = prompt, body["seed"]
            is_probe = PROBE in prompt
            with script.lock:
                script.asked[key] += 1
                attempt = script.asked[key]
            fault = script.fault(prompt, body["seed"], attempt)
            if fault:
                self.misbehave(fault, body, prompt)
                return
            if not is_probe:
                with script.lock:
                    script.answered[key] += 1
            if script.write is not None and not is_probe:
                said = script.write(body)
                self.reply(200, said if "choices" in said else {"choices": [said]})
                return
            choices = [choice(answer_to(prompt, body["seed"] + number), body) for number in range(body.get("n", 1))]
            self.reply(200, {"choices": choices, "usage": {"completion_tokens": 9}})

        def misbehave(self, fault: str, body: dict[str, Any], prompt: str) -> None:
            text = answer_to(prompt, body["seed"])
            if fault.isdecimal():
                headers = {"retry-after": "0"} if fault == "429" else {}
                self.reply(int(fault), {"error": {"message": f"this is {fault}"}}, headers)
            elif fault.endswith(" echo"):
                said = f"this is for {self.headers['authorization']}"
                self.reply(int(fault.split()[0]), {"error": {"message": said}})
            elif fault == "garbage":
                self.send(200, b"<html>gateway</html>")
            elif fault == "no choices":
                self.reply(200, {"choices": []})
            elif fault == "deep":
                self.send(200, b"[" * 100_000)
            elif fault == "drip":
                self.drip()
            elif fault == "half":
                self.send(200, json.dumps({"choices": [choice(text, body)]}).encode()[:-20], cut=20)
            elif fault == "hang up":
                self.close_connection = True
            elif fault == "no content":
                self.reply(200, {"choices": [choice(None, body)]})
            elif fault == "thoughts":
                thoughts = choice(None, body, reasoning_content=text)
                self.reply(200, {"choices": [thoughts]})
            elif fault == "lowered":
                self.reply(200, {"choices": [choice(text, body, finish="length")], "usage": {"completion_tokens": 3}})
            elif fault == "any seed":
                self.reply(200, {"choices": [choice(str(time.perf_counter_ns()), body)]})
            elif fault == "one choice":
                self.reply(200, {"choices": [choice(text, body)]})
            else:
                self.reply(200, {"choices": [choice(text, body, finish=fault)]})

        def drip(self) -> None:
            """A byte now and then, so that no single read is ever late."""
            self.send(200, b" ", cut=1000)
            try:
                for _ in range(100):
                    self.wfile.write(b" ")
                    time.sleep(0.05)
            except OSError:
                pass

        def reply(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
            self.send(status, json.dumps(content).encode(), headers)

        def send(self, status: int, content: bytes, headers: dict[str, str] | None = None, cut: int = 0) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content) + cut))
            self.end_headers()
            self.wfile.write(content)
            if cut:
                self.close_connection = True

    return Handler


def choice(text: str | None, body: dict[str, Any], finish: str = "stop", **more: Any) -> dict[str, Any]:
    """One choice, as a chat or as a text."""
    if "messages" in body:
        return {"message": {"role": "assistant", "content": text} | more, "finish_reason": finish}
    return {"text": text, "finish_reason": finish}
