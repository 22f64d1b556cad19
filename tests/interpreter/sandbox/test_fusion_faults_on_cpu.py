"""A SandboxFusion service that misbehaves is one lost call, and no more; then the circuit breaker opens."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from misbehaving_service import MISBEHAVIOUR, result_of

from still_verl.interpreter.sandbox.fusion.circuit_breaker import Breaker
from still_verl.interpreter.sandbox.fusion.client import Fusion

PATIENT = Breaker(failures=10**9)


@pytest.mark.parametrize("behave", MISBEHAVIOUR.values(), ids=MISBEHAVIOUR.keys())
def test_a_service_that_misbehaves_is_one_lost_call(
    service: Any, fusion: Callable[..., Fusion], behave: Callable[[Any, Any], None]
) -> None:
    good, sandbox = service.behave, fusion(seconds=0.3, grace=0.4, breaker=PATIENT)
    service.behave = behave
    started = time.monotonic()
    result = sandbox.run("print(1)")
    assert (result.kind, result.stdout) == ("unavailable", "") and result.error
    assert time.monotonic() - started < 1.5
    assert len(service.requests) == 1, "the program may have run, so that it must not be sent again"
    assert sandbox.fault
    service.behave = good
    assert sandbox.run("print(1)").stdout == "1\n"


def test_an_error_on_the_side_of_the_service(service: Any, fusion: Callable[..., Fusion]) -> None:
    service.behave = lambda handler, request: handler.answer_json({"status": "SandboxError", "message": "no disk"})
    breaker = Breaker(failures=1)
    assert fusion(breaker=breaker).run("1").kind == "unavailable"
    assert not breaker.is_open, "it answers, and a program may have caused it"


@pytest.mark.parametrize("stderr", ["", "no report", '{"error": 5}', "[1]", "Killed"])
def test_a_program_that_does_not_say_how_it_ended(service: Any, fusion: Callable[..., Fusion], stderr: str) -> None:
    service.behave = result_of(status="Finished", return_code=0, stdout="x", stderr=stderr)
    result = fusion().run("1")
    assert (result.stdout, result.kind) == ("x", "crash")


def test_warnings_of_the_services_shell_are_no_report(service: Any, fusion: Callable[..., Fusion]) -> None:
    service.behave = result_of(status="Finished", return_code=0, stdout="x", stderr='bash: locale\n{"error": null}\n')
    assert fusion().run("1").kind == "ok"


def test_an_answer_without_end_is_cut(service: Any, fusion: Callable[..., Fusion]) -> None:
    def huge(handler: Any, request: Any) -> None:
        handler.answer(b"", length=10**10)
        try:
            while True:
                handler.wfile.write(b"a" * 2**16)
        except OSError:
            pass

    service.behave = huge
    result = fusion().run("1")
    assert (result.kind, result.error) == ("flood", "stopped after writing 8 MiB")
    assert len(result.stdout) <= 2000


def test_a_program_that_is_too_long_is_not_sent(service: Any, fusion: Callable[..., Fusion]) -> None:
    assert fusion().run("#" * (2**20 + 1)).error == "the program is longer than 1 MiB"
    assert fusion().run("#" + "€" * 2**19).error == "the program is longer than 1 MiB"  # in UTF-8, as locally
    assert service.requests == []


def test_only_connecting_is_tried_again() -> None:
    """Nobody listens at first: nothing was sent, so that trying again runs no program twice."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Timer

    class Once(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = {"status": "Success", "run_result": {"status": "Finished", "return_code": 0, "stdout": "late\n"}}
            body["run_result"]["stderr"] = '{"error": null}'  # type: ignore[index]
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Once, bind_and_activate=False)
    server.server_bind()  # bound and not listening: connections are refused
    timer = Timer(0.2, lambda: (server.server_activate(), server.handle_request()))
    timer.start()
    sandbox = Fusion(f"http://127.0.0.1:{server.server_address[1]}")
    assert sandbox.run("1").stdout == "late\n"
    timer.join()
    server.server_close()
    assert sandbox.run("1").kind == "unavailable" and "ConnectError" in sandbox.fault
    sandbox.close()


def test_the_breaker_opens_and_closes(
    service: Any, fusion: Callable[..., Fusion], caplog: pytest.LogCaptureFixture
) -> None:
    good, sandbox = service.behave, fusion(breaker=Breaker(failures=3, pause=0.3))
    service.behave = MISBEHAVIOUR["500"]
    with caplog.at_level(logging.WARNING):
        for _ in range(6):
            sandbox.run("1")
    assert len(service.requests) == 3, "an open breaker asks nobody"
    (warning,) = caplog.messages
    assert "3 times in a row" in warning and "500" in warning
    service.behave = good
    assert "not available" in (sandbox.run("1").error or "")
    time.sleep(0.35)
    assert sandbox.run("1").kind == "ok"
    assert [sandbox.run("1").kind for _ in range(3)] == ["ok"] * 3


def test_an_open_breaker_lets_one_trial_through_at_a_time() -> None:
    now = [0.0]
    breaker = Breaker(failures=2, pause=10, clock=lambda: now[0])
    assert not breaker.failed() and breaker.failed() and breaker.is_open
    now[0] = 9.9
    assert not breaker.admits()
    now[0] = 10.0
    assert breaker.admits() and not breaker.admits(), "one trial; it may never finish"
    now[0] = 20.0
    assert breaker.admits()
    assert not breaker.failed(), "it is open already: nothing new to tell"
    now[0] = 29.9
    assert not breaker.admits()
    breaker.succeeded()
    assert breaker.admits() and not breaker.is_open
