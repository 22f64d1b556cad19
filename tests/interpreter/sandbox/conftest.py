"""A small real service that speaks SandboxFusion's HTTP and can be made to misbehave."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from still_verl.interpreter.sandbox.base import Limits
from still_verl.interpreter.sandbox.fusion.client import Fusion

Behaviour = Callable[["Handler", dict[str, Any]], None]


class Service(ThreadingHTTPServer):
    """Answers as `behave` says, at first `quick`.

    Attributes:
        requests: the bodies that arrived.
        now, most: programs under way, and the most of them at once.
        connections: that were opened.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behave: Behaviour = quick
        self.requests: list[dict[str, Any]] = []
        self.now = self.most = self.connections = 0
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up in these tests; that is no news."""

    def run_programs(self) -> None:
        """From now on they are run, as plain subprocesses."""
        self.behave = well

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append(request | {"path": self.path})
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
        try:
            self.server.behave(self, request)
        finally:
            with self.server.lock:
                self.server.now -= 1

    def answer(self, body: bytes, status: int = 200, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def answer_json(self, value: Any) -> None:
        self.answer(json.dumps(value).encode())

    def log_message(self, *_: object) -> None: ...


def well(handler: Handler, request: dict[str, Any]) -> None:
    """As SandboxFusion answers: its `run_command_bare` and `parse_run_status`."""
    run: dict[str, Any]
    try:
        done = subprocess.run(
            [sys.executable, "-c", request["code"]],
            input=request["stdin"],
            capture_output=True,
            text=True,
            timeout=request["run_timeout"],
        )
        run = {"status": "Finished", "return_code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
    except subprocess.TimeoutExpired as late:
        out = late.stdout.decode() if late.stdout else ""
        run = {"status": "TimeLimitExceeded", "return_code": None, "stdout": out, "stderr": ""}
    status = "Success" if run["return_code"] == 0 else "Failed"
    handler.answer_json({"status": status, "message": "", "compile_result": None, "run_result": run, "files": {}})


def quick(handler: Handler, request: dict[str, Any]) -> None:
    """The answer of a program that printed 1, without running anything."""
    run = {"status": "Finished", "return_code": 0, "stdout": "1\n", "stderr": '{"error": null}'}
    handler.answer_json({"status": "Success", "message": "", "run_result": run})


@pytest.fixture
def service() -> Iterator[Service]:
    started = Service()
    yield started
    started.stop()


@pytest.fixture
def fusion(service: Any) -> Iterator[Callable[..., Fusion]]:
    made = []

    def make(seconds: float = 10.0, **settings: Any) -> Fusion:
        made.append(Fusion(service.url, Limits(seconds=seconds, output_chars=2000), **settings))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()
