"""What a child's client does while it waits: it uses no processor, and it takes no answer for another block's."""

import time

import pytest

from still_verl.interpreter.sandbox.base import Limits
from still_verl.interpreter.sandbox.local.client import Local

EACH_DESCRIPTOR = "import os, socket, time\nfor fd in range(3, 64):\n    try: {action}\n    except OSError: pass\n"
REPORT = 'b\'{"block": %d, "error": null}\''

SILENT = {
    "closed streams": "import os, time\nos.close(1); os.close(2); time.sleep(9)",
    "closed everything": "import os, time\nos.closerange(0, 64); time.sleep(9)",
    "closed all but the streams": "import os, time\nos.closerange(3, 64); time.sleep(9)",
    "an empty message": EACH_DESCRIPTOR.format(action="socket.socket(fileno=os.dup(fd)).send(b'')") + "time.sleep(9)",
    "empty messages": EACH_DESCRIPTOR.format(
        action="s = socket.socket(fileno=os.dup(fd)); s.setblocking(False); [s.send(b'') for _ in range(10**4)]"
    )
    + "time.sleep(9)",
    "a shut down socket": EACH_DESCRIPTOR.format(action="socket.socket(fileno=os.dup(fd)).shutdown(socket.SHUT_RDWR)")
    + "time.sleep(9)",
    "many lines": "import time\nend = time.time() + 9\nwhile time.time() < end: print('x'); time.sleep(0.0005)",
}


@pytest.fixture(scope="module")
def sandbox() -> Local:
    return Local(Limits(seconds=1.5), allow_unsandboxed=True)


@pytest.mark.parametrize("program", SILENT.values(), ids=SILENT.keys())
def test_waiting_takes_no_processor(sandbox: Local, program: str) -> None:
    sandbox.run("1")
    before = time.process_time()
    result = sandbox.run(program)
    assert result.kind in ("timeout", "crash"), result
    assert time.process_time() - before < 0.3


def blocks(sandbox: Local, *codes: str) -> list[tuple[str, str | None]]:
    session = sandbox.session()
    results = [session.run(code) for code in codes]
    session.close()
    return [(result.stdout, result.error) for result in results]


@pytest.mark.parametrize("number", [1, 0, -3])
def test_a_session_cannot_shift_its_answers(sandbox: Local, number: int) -> None:
    forged = EACH_DESCRIPTOR.format(action=f"os.write(fd, {REPORT % number}); os.write(fd, b'')")
    answers = blocks(sandbox, forged + "1/0", "'second'", "1/0", "'fourth'")
    lost = [answer for answer in answers if answer[1] and "variables are lost" in answer[1]]
    if not lost:
        assert answers[1:] == [("'second'\n", None), answers[2], ("'fourth'\n", None)]
        assert "ZeroDivisionError" in (answers[2][1] or "")


def test_a_report_ahead_of_its_block_ends_the_session(sandbox: Local) -> None:
    forged = EACH_DESCRIPTOR.format(action=f"os.write(fd, {REPORT % 2})")
    first, second = blocks(sandbox, forged, "'second'")
    assert "damaged its interpreter" in (first[1] or "") and second == ("'second'\n", None)


def test_reports_of_old_blocks_without_end_are_not_read_for_ever(sandbox: Local) -> None:
    forged = EACH_DESCRIPTOR.format(action=f"[os.write(fd, {REPORT % 1}) for _ in range(10**6)]")
    _, second = blocks(sandbox, "1", forged)
    assert "damaged its interpreter" in (second[1] or "")


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        ("print('progress', end='')\nimport time; time.sleep(9)", "timeout"),
        ("print('progress', end='')\nsum(range(10**18))", "timeout"),
        ("print('progress', end='')\nimport os; os._exit(3)", "crash"),
        ("print('progress', end='')\nimport ctypes; ctypes.string_at(0)", "crash"),
        ("print('progress', end='')\nimport os; os.abort()", "crash"),
        ("import sys; sys.stderr.write('progress')\nimport os; os._exit(3)", "crash"),
        ("print('progress', end='')\nimport os; os.close(1); os._exit(0)", "crash"),
    ],
)
def test_output_before_the_end_is_kept(sandbox: Local, program: str, kind: str) -> None:
    result = sandbox.run(program)
    assert (result.kind, result.stdout) == (kind, "progress")
