"""Standard input, and programs that are run as files: in the local sandbox with all and with few mechanisms, under
`bwrap`, and on a service.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.interpreter.sandbox.base import Limits
from still_verl.interpreter.sandbox.bubblewrap import Bubblewrap
from still_verl.interpreter.sandbox.fusion.client import Fusion
from still_verl.interpreter.sandbox.local.client import Local

INPUT = "21 é\n4\n"
READERS = {
    "input": "print(input(), input())",
    "a prompt": "x = input('Your number? ')\nprint(x, input())",
    "sys.stdin": "import sys\nprint(*[line.strip() for line in sys.stdin])",
    "buffer": "import sys\nprint(*sys.stdin.buffer.read().decode().split('\\n')[:2])",
    "readline": "import sys\nprint(sys.stdin.readline().strip(), sys.stdin.readline().strip())",
    "open(0)": "print(*open(0).read().splitlines())",
    "os.read": "import os\nprint(*os.read(0, 1000).decode().splitlines())",
    "map": "import sys\nprint(*map(str.strip, sys.stdin.readlines()))",
    "iter": "print(*iter(lambda: input(), '4'), 4)",
    "/dev/stdin": "print(*open('/dev/stdin').read().splitlines())",
    "a duplicate": "import os\nprint(*os.fdopen(os.dup(0)).read().splitlines())",
}
WRITERS = {
    "print": "print('é', 4)",
    "sys.stdout": "import sys\nsys.stdout.write('é 4\\n')",
    "a last value": "import sys\nsys.stdout.write('é 4\\n')\n'not shown'",
    "buffer": "import sys\nsys.stdout.buffer.write('é 4\\n'.encode())",
    "os.write": "import os\nos.write(1, 'é 4\\n'.encode())",
    "stderr beside it": "import sys\nprint('noise', file=sys.stderr)\nprint('é', 4)",
    "a file that nobody closes": "out = open(1, 'w', encoding='utf-8')\nout.write('é 4\\n')",
    "at exit": "import atexit\natexit.register(print, 'é', 4)",
    "a thread": "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print('é', 4))).start()",
    "sys.exit": "import sys\nprint('é', 4)\nsys.exit()",
    "main guard": "def main():\n    print('é', 4)\n    return 7\nif __name__ == '__main__':\n    main()",
    "a stream of its own": "import io, sys\nsys.stdout = io.TextIOWrapper(open(1, 'wb'), 'utf-8')\nprint('é', 4)",
    "closed": "import sys\nprint('é', 4)\nsys.stdout.close()",
}


@pytest.fixture(scope="module", params=["full", "landlock only", "filter only", "bwrap"])
def sandbox(request: Any) -> Iterator[Local | Bubblewrap]:
    limits = Limits(seconds=5)
    if request.param == "bwrap":
        made: Local | Bubblewrap = Bubblewrap(limits)
        if shutil.which("bwrap") is None or made.tier == "none":
            pytest.skip("bwrap does not start here")
    else:
        namespaces = ("user", "pid", "net", "mount")
        absent = {"full": (), "landlock only": namespaces, "filter only": (*namespaces, "landlock")}[request.param]
        made = Local(limits, absent=absent, allow_unsandboxed=True)
    yield made
    made.close()


@pytest.mark.parametrize("code", READERS.values(), ids=READERS.keys())
def test_a_script_reads_its_input(sandbox: Local | Bubblewrap, code: str) -> None:
    result = sandbox.run_script(code, INPUT.encode())
    assert (result.kind, result.error) == ("ok", None)
    assert result.stdout.decode().removeprefix("Your number? ") == "21 é 4\n"


@pytest.mark.parametrize("code", WRITERS.values(), ids=WRITERS.keys())
def test_only_what_a_script_writes_to_stdout_counts(sandbox: Local | Bubblewrap, code: str) -> None:
    result = sandbox.run_script(code)
    assert (result.kind, result.stdout.decode()) == ("ok", "é 4\n")


@pytest.mark.parametrize("name", ["input", "open(0)", "os.read"])
def test_a_block_reads_its_input(sandbox: Local | Bubblewrap, name: str) -> None:
    assert sandbox.run(READERS[name], stdin=INPUT).stdout == "21 é 4\n"


def test_without_an_input_a_block_is_told_so(sandbox: Local | Bubblewrap) -> None:
    assert "input() is not available here" in str(sandbox.run("input()").error)
    assert "EOF when reading a line" in str(sandbox.run("input()", stdin="").error)


def test_ends_of_scripts(sandbox: Local | Bubblewrap) -> None:
    ends = {
        "import os\nprint(1, flush=True)\nos._exit(0)": "exited",
        "import os\nos._exit(3)": "crash",
        "import sys\nsys.exit(3)": "error",
        "raise ValueError": "error",
        "import atexit\natexit.register(lambda: 1 / 0)": "ok",
        "!pip install x": "error",
    }
    for code, kind in ends.items():
        assert (code, sandbox.run_script(code).kind) == (code, kind)
    assert sandbox.run_script("while True: pass", seconds=0.5).kind == "timeout"


@pytest.mark.parametrize("code", ["pass", "input()", "print(len(open(0, 'rb').read()))"])
def test_fifty_megabytes_block_nobody(sandbox: Local | Bubblewrap, code: str) -> None:
    data = b"x" * 10_000_000 + b"\n" + b"y" * 40_000_000
    started = time.monotonic()
    result = sandbox.run_script(code, data)
    assert result.kind == "ok" and time.monotonic() - started < 5
    assert result.stdout.strip() in (b"", b"50000001")


def test_an_input_cannot_be_changed_and_is_nobody_elses(sandbox: Local | Bubblewrap) -> None:
    attack = "import os\ntry:\n    os.write(0, b'x')\nexcept OSError:\n    print('refused')\nprint(open(0).read())"
    for text in (b"first", b"second"):
        assert sandbox.run_script(attack, text).stdout == b"refused\n" + text + b"\n"


def test_inputs_of_many_at_once_are_not_mixed_up(sandbox: Local | Bubblewrap) -> None:
    found: dict[int, bytes] = {}

    def run(number: int) -> None:
        found[number] = sandbox.run_script("print(open(0).read() * 1000)", b"%d," % number).stdout

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: b"%d," % number * 1000 + b"\n" for number in range(12)}


@pytest.mark.parametrize("name", ["input", "buffer", "open(0)", "os.read", "/dev/stdin"])
def test_a_service_passes_the_input_on(service: Any, fusion: Callable[..., Fusion], name: str) -> None:
    service.run_programs()
    assert fusion().run(READERS[name], stdin=INPUT).stdout == "21 é 4\n"
    assert fusion().run_script(READERS[name], INPUT.encode()).stdout.decode() == "21 é 4\n"


@pytest.mark.parametrize("name", ["print", "stderr beside it", "a last value", "at exit"])
def test_a_service_runs_scripts(service: Any, fusion: Callable[..., Fusion], name: str) -> None:
    service.run_programs()
    result = fusion().run_script(WRITERS[name])
    assert (result.kind, result.stdout.decode()) == ("ok", "é 4\n")
    assert fusion().run_script("import os\nos._exit(0)").kind == "exited"


def test_a_service_takes_text_only(fusion: Callable[..., Fusion]) -> None:
    with pytest.raises(ValueError, match="stdin is not UTF-8"):
        fusion().run("1", stdin=b"\xff")


def test_the_command_line_passes_a_file_on(tmp_path: Path) -> None:
    program, given = tmp_path / "program.py", tmp_path / "input.txt"
    program.write_text("print(int(input()) * 2)")
    given.write_text("21\n")
    assert CliRunner().invoke(app, ["run-code", str(program), "--input", str(given)]).stdout.startswith("42\n")
    both = CliRunner().invoke(app, ["run-code", "--stdin", "--input", str(given)], input="print(input())")
    assert both.stdout.startswith("21\n")
