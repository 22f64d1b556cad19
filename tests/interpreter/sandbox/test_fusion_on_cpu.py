"""The client of a SandboxFusion service, against a real HTTP server that runs programs or misbehaves."""

import asyncio
import io
import json
import logging
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from still_verl.interpreter.sandbox.async_sandbox import AsyncSandbox
from still_verl.interpreter.sandbox.base import Limits, SandboxUnavailable
from still_verl.interpreter.sandbox.fusion.circuit_breaker import Breaker
from still_verl.interpreter.sandbox.fusion.client import Fusion
from still_verl.interpreter.sandbox.local.client import Local

PATIENT = Breaker(failures=10**9)


@pytest.fixture
def fusion(service: Any) -> Iterator[Callable[..., Fusion]]:
    made = []

    def make(seconds: float = 10.0, **settings: Any) -> Fusion:
        made.append(Fusion(service.url, Limits(seconds=seconds, output_chars=2000), **settings))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()


PROGRAMS = {
    "prints": "print('a'); print('b')",
    "last value": "x = 20\nx + 1",
    "nothing": "x = 1",
    "raises": "def f():\n    return 1 / 0\nprint('before')\nf()",
    "syntax": "print(1\nx = = 2",
    "both streams in order": "import sys\nprint(1, flush=True)\nprint(2, file=sys.stderr)\nprint(3)",
    "input": "input()",
    "exits": "import sys\nsys.exit(3)",
    "ends its process": "import os\nos._exit(3)",
    "quotes and braces": "print('''{a} \"\"\" \\\\ {{''')",
    "unicode": "print('€ 漢 \\U0001f600')",
    "a lone surrogate in the code": "print('\ud800')",
    "a NUL in the output": "print('a\\0b')",
    "long": "print('a' * 5000)",
    "its own name": "print(__name__)",
}


@pytest.mark.parametrize("code", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_program_ends_as_it_does_locally(service: Any, fusion: Callable[..., Fusion], code: str) -> None:
    service.run_programs()
    remote, local = fusion().run(code), Local(Limits(output_chars=2000))
    here = local.run(code)
    local.close()
    assert (remote.stdout, remote.kind, remote.error) == (here.stdout, here.kind, here.error)
    assert remote.tier == "remote"


def test_a_program_that_does_not_end(service: Any, fusion: Callable[..., Fusion]) -> None:
    service.run_programs()
    result = fusion(seconds=1.0).run("print('x', flush=True)\nwhile True: pass")
    assert (result.stdout, result.kind, result.error) == ("x\n", "timeout", "stopped after 1 seconds")


def test_the_request_is_what_verls_client_sends(service: Any, fusion: Callable[..., Fusion]) -> None:
    fusion(seconds=7.0).run("print(1)")
    (request,) = service.requests
    assert request["path"] == "/run_code"
    assert set(request) - {"path"} == {
        *("language", "code", "stdin", "run_timeout", "compile_timeout", "memory_limit_MB", "files", "fetch_files")
    }
    assert (request["language"], request["run_timeout"], request["memory_limit_MB"]) == ("python", 7.0, 512 + 256)


@pytest.mark.parametrize("tail", ["", "/", "/run_code", "/run_code/"])
def test_the_url_may_end_as_verls_does(tail: str) -> None:
    assert Fusion("http://sandbox:8080" + tail).url == "http://sandbox:8080/run_code"


def reset(handler: Any, request: Any) -> None:
    """The connection is cut in the middle, with RST."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()
    handler.rfile = handler.wfile = io.BytesIO()  # what the base class flushes and closes


def drip(handler: Any, request: Any) -> None:
    """A byte now and then, so that no single read is ever late."""
    handler.answer(b"", length=10**6)
    try:
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.05)
    except OSError:
        pass


def hang_up(handler: Any, request: Any) -> None:
    handler.close_connection = True


def result_of(**run: Any) -> Callable[[Any, Any], None]:
    return lambda handler, request: handler.answer_json({"status": "Success", "run_result": run})


MISBEHAVIOUR: dict[str, Callable[[Any, Any], None]] = {
    "500": lambda handler, request: handler.answer(b"oops", status=500),
    "503": lambda handler, request: handler.answer(b"busy", status=503),
    "404": lambda handler, request: handler.answer(b"{}", status=404),
    "422": lambda handler, request: handler.answer(b'{"detail": []}', status=422),
    "redirect": lambda handler, request: handler.answer(b"", status=302),
    "reset": reset,
    "hangs up without an answer": hang_up,
    "partial body": lambda handler, request: (
        handler.answer(b'{"status": "Suc', length=500),
        hang_up(handler, request),
    ),
    "empty body": lambda handler, request: handler.answer(b""),
    "no JSON": lambda handler, request: handler.answer(b"<html>"),
    "no UTF-8": lambda handler, request: handler.answer(b'{"status": "\xff\xfe"}'),
    "deep JSON": lambda handler, request: handler.answer(b"[" * 100_000),
    "a list": lambda handler, request: handler.answer(b"[]"),
    "no result": lambda handler, request: handler.answer_json({"status": "Success"}),
    "an unknown status": lambda handler, request: handler.answer_json({"status": "Fine", "run_result": None}),
    "numbers for text": result_of(status="Finished", return_code=0, stdout=5, stderr=""),
    "slow": lambda handler, request: time.sleep(2),
    "drip": drip,
}


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


def test_no_more_programs_at_once_than_allowed_and_connections_are_kept(
    service: Any, fusion: Callable[..., Fusion]
) -> None:
    good = service.behave
    service.behave = lambda handler, request: (time.sleep(0.02), good(handler, request))
    runner = AsyncSandbox(fusion(max_concurrent=4))

    async def all_at_once() -> list[tuple[Any, float]]:
        return await asyncio.gather(*(runner.run("1") for _ in range(60)))

    answers = asyncio.run(all_at_once())
    assert [result.kind for result, _ in answers] == ["ok"] * 60
    assert service.most == 4 and service.connections <= 4
    waits = [waited for _, waited in answers]
    assert max(waits) > 0.1 and min(waits) < 0.05
    assert max(result.seconds for result, _ in answers) < 0.5 * max(waits), "waiting is no time of the program"
    runner.close()


def test_two_event_loops_share_the_bound(service: Any, fusion: Callable[..., Fusion]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    good = service.behave
    service.behave = lambda handler, request: (time.sleep(0.02), good(handler, request))
    runner = AsyncSandbox(fusion(max_concurrent=2))

    async def some() -> None:
        await asyncio.gather(*(runner.run("1") for _ in range(10)))

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: asyncio.run(some()), range(3)))
    assert service.most == 2
    runner.close()


def test_cancelling_hangs_up_and_frees_the_place(service: Any, fusion: Callable[..., Fusion]) -> None:
    good = service.behave
    service.behave = lambda handler, request: time.sleep(3) if "slow" in request["code"] else good(handler, request)
    runner = AsyncSandbox(fusion(max_concurrent=1))

    async def cancel() -> float:
        slow = asyncio.create_task(runner.run("'slow'"))
        waiting = asyncio.create_task(runner.run("'slow' + 'never sent'"))
        while not service.requests:
            await asyncio.sleep(0.01)
        for task in (waiting, slow):
            task.cancel()
        started = time.monotonic()
        result, _ = await runner.run("1")
        assert result.kind == "ok" and slow.cancelled() and waiting.cancelled()
        return time.monotonic() - started

    assert asyncio.run(cancel()) < 1.0
    assert not any("never sent" in request["code"] for request in service.requests)
    runner.close()


def test_closing_hangs_up_and_a_later_call_starts_anew(service: Any, fusion: Callable[..., Fusion]) -> None:
    good = service.behave
    service.behave = lambda handler, request: time.sleep(3)
    sandbox = fusion()
    call = sandbox.submit("1")
    while not service.requests:
        time.sleep(0.01)
    started = time.monotonic()
    sandbox.close()
    assert call.cancelled() and time.monotonic() - started < 1.0
    service.behave = good
    assert sandbox.run("1").kind == "ok"
    sandbox.close()
    sandbox.close()


def test_it_has_no_sessions() -> None:
    with pytest.raises(SandboxUnavailable, match="stateful=false"):
        Fusion("http://sandbox").session()


def test_the_doctor_asks_the_service(service: Any) -> None:
    from still_verl.doctor import check_fusion

    service.run_programs()
    (healthy,) = check_fusion(service.url)
    assert healthy.ok and "tier remote" in healthy.found
    service.behave = MISBEHAVIOUR["500"]
    (ill,) = check_fusion(service.url)
    assert not ill.ok and "500" in ill.found and ill.fix


def test_a_job_whose_service_runs_programs_may_start(service: Any) -> None:
    from omegaconf import OmegaConf

    from still_verl.integration.checks.interpreter import check_interpreter
    from still_verl.interpreter.settings import InterpreterConfig

    service.run_programs()
    agent = {"rollout": {"agent": {"default_agent_loop": "still_code"}}}
    settings = InterpreterConfig(sandbox="fusion", url=service.url, stateful=False)
    check_interpreter(OmegaConf.create({"actor_rollout_ref": agent}), settings)
    assert len(service.requests) == 1


def test_the_settings_choose_the_sandbox() -> None:
    from still_verl.interpreter.build import build_async_sandbox
    from still_verl.interpreter.sandbox.bubblewrap import Bubblewrap
    from still_verl.interpreter.settings import InterpreterConfig

    remote = build_async_sandbox(InterpreterConfig(sandbox="fusion", url="http://x", stateful=False, max_concurrent=3))
    assert isinstance(remote.sandbox, Fusion) and remote.sandbox.tier == "remote"
    assert isinstance(build_async_sandbox(InterpreterConfig(sandbox="bubblewrap")).sandbox, Bubblewrap)
    assert isinstance(build_async_sandbox(InterpreterConfig()).sandbox, Local)
