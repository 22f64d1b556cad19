"""What a SandboxFusion service may do wrong: each takes the handler of a request and the request."""

import io
import socket
import struct
import time
from collections.abc import Callable
from typing import Any


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
